//! Draws documents, mostly such as a schema wants them, from whatever bytes the fuzzer has. When the bytes are used up,
//! every choice is the first one, so that a document always ends.

use arbitrary::Unstructured;
use serde_json::{Map, Value, json};

/// Texts that mean something somewhere, so that documents refer to what there is. The first is the most likely one.
const TEXTS: &[&str] = &[
    "demo",
    "c-1",
    "other",
    "DEMO_IDP",
    "c-2",
    "c-own",
    "c-done",
    "E12345678",
    "E1",
    "E2",
    "E3",
    "E4",
    "token",
    "other-token",
    "AK1",
    "AK2",
    "secret",
    "front.jpg",
    "hand.jpg",
    "back.png",
    "a/b.pdf",
    "scan.tiff",
    "Wang Xiaoming",
    "Another Name",
    "demo-account",
    "other-account",
    "c-token",
    "2h",
    "200ms",
    "1h 30m",
    "-1s",
    "120KB",
    "10MiB",
    "2026-11-23T09:30:00Z",
    "9999-12-30T22:00:00Z",
    "-009999-01-02T01:59:59Z",
    "default",
    "CBC.0999",
    "CBC.99007004",
    "APIGW.0308",
    "",
    " ",
    ".",
    "../x",
    "/tmp",
    "^c-[0-9]+$",
    "(a|b)*c",
    "null",
    "true",
    "no",
    "1",
    "0x10",
    "1e3",
    "-",
    "~",
    "*a",
    "&a",
    "<<",
    "#",
    "a: b",
    "\u{738b}\u{1f600}",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\u{7f}",
    "\u{1}",
    "\t",
    "\r\n",
    "\"",
    "\\",
    "'",
    "%2F",
];

const INTEGERS: &[i64] = &[
    0,
    1,
    2,
    3,
    -1,
    5,
    6,
    7,
    9,
    10,
    4,
    200,
    400,
    429,
    10_485_760,
    10_485_761,
    2_147_483_647,
    2_147_483_648,
    -2_147_483_648,
    4_294_967_295,
    4_294_967_296,
    i64::MAX,
    i64::MIN,
];

const NUMBERS: &[f64] = &[0.0, 1.0, 0.5, -0.0, 1.5, 1e308, 5e-324, 0.1];

/// How deep a document goes.
const MAX_DEPTH: usize = 8;

/// A source of choices.
pub struct Draw<'a>(Unstructured<'a>);

/// A text that means something somewhere, or any other.
pub fn word(draw: &mut Draw<'_>) -> String {
    if draw.one_in(12) { draw.any_text() } else { (*draw.choose(TEXTS)).to_owned() }
}

impl<'a> Draw<'a> {
    /// Takes its choices from these bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(Unstructured::new(bytes))
    }

    /// True while there are bytes left.
    #[must_use]
    pub fn is_left(&self) -> bool {
        !self.0.is_empty()
    }

    /// A number below this one.
    pub fn below(&mut self, end: usize) -> usize {
        self.0.int_in_range(0..=end - 1).unwrap_or_default()
    }

    /// True once in so many times, and never without bytes.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    /// One of these.
    pub fn choose<'b, T>(&mut self, options: &'b [T]) -> &'b T {
        &options[self.below(options.len())]
    }

    /// Any text of a few characters.
    pub fn any_text(&mut self) -> String {
        let length = self.below(24);
        let bytes = self.0.bytes(length.min(self.0.len())).unwrap_or_default();
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// All bytes that are left.
    #[must_use]
    pub fn rest(&mut self) -> &'a [u8] {
        let length = self.0.len();
        self.0.bytes(length).unwrap_or_default()
    }

    /// A document as this part of a schema wants it, but for a slip now and then.
    pub fn document(&mut self, schema: &Value, part: &Value) -> Value {
        self.value(schema, part, MAX_DEPTH)
    }

    fn value(&mut self, schema: &Value, part: &Value, depth: usize) -> Value {
        if depth == 0 || self.one_in(40) {
            return self.slip(depth);
        }
        if let Some(name) = part["$ref"].as_str() {
            let target = schema.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("no {name}"));
            return self.value(schema, target, depth);
        }
        if let Some(words) = part["enum"].as_array() {
            return self.choose(words).clone();
        }
        if let Some(parts) = part["anyOf"].as_array() {
            let part = self.choose(parts);
            return self.value(schema, part, depth);
        }
        let kinds = match &part["type"] {
            Value::Array(kinds) => kinds.clone(),
            kind => vec![kind.clone()],
        };
        match self.choose(&kinds).as_str() {
            Some("object") => self.object(schema, part, depth),
            Some("array") => {
                let count = if self.one_in(8) { 0 } else { 1 + self.below(4) };
                (0..count).map(|_| self.value(schema, &part["items"], depth - 1)).collect()
            }
            Some("string") => word(self).into(),
            Some("integer") => (*self.choose(INTEGERS)).into(),
            Some("number") => (*self.choose(NUMBERS)).into(),
            Some("boolean") => (self.below(2) == 0).into(),
            Some("null") => Value::Null,
            // Anything goes, such as the body of a request.
            _ => self.slip(depth),
        }
    }

    fn object(&mut self, schema: &Value, part: &Value, depth: usize) -> Value {
        let mut object = Map::new();
        let required = part["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        for (name, part) in part["properties"].as_object().into_iter().flatten() {
            let is_required = required.iter().any(|required| required == name);
            let is_given = if is_required { !self.one_in(60) } else { self.below(3) == 1 };
            if is_given {
                object.insert(name.clone(), self.value(schema, part, depth - 1));
            }
        }
        if part["properties"].is_null() && self.below(4) != 1 {
            let customers = ["c-1", "c-2", "c-own", "c-done", "c-9", "demo-account"];
            return super::application(self.choose::<&str>(&customers));
        }
        if self.one_in(40) {
            object.insert(word(self), self.slip(depth));
        }
        object.into()
    }

    /// Any value at all.
    fn slip(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 6 } else { 8 }) {
            0 => Value::Null,
            1 => word(self).into(),
            2 => (*self.choose(INTEGERS)).into(),
            3 => (*self.choose(NUMBERS)).into(),
            4 => self.one_in(2).into(),
            5 => json!([]),
            6 => (0..self.below(4)).map(|_| self.slip(depth - 1)).collect(),
            _ => (0..self.below(4)).map(|_| (word(self), self.slip(depth - 1))).collect::<Map<_, _>>().into(),
        }
    }
}
