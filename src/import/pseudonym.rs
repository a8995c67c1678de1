//! Invented values in the place of those that were captured. Each word of a value is replaced by one of the same form,
//! everywhere by the same, so that a person stays the same person also where only a part of the name stands.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::call::{CapturedCall, Credential};
use crate::domain::{ENDPOINTS, Endpoint, catalog, gateway};
use crate::http::{Inventor, is_enumerated};

/// The parameter with paths of pictures, whose extensions count.
const PICTURES: &str = "verified_file_url";

/// The beginnings of account names that are not allowed: without them, a name would be.
const RESERVED: [&str; 2] = ["op", "shadow"];

/// Whether a text is of a table.
type IsOfTable = fn(&str) -> bool;

/// The fields of answers whose values are of a table, each with the texts of its table.
const OF_TABLES: [(&str, IsOfTable); 12] = [
    ("associated_on", |text| text.parse::<Timestamp>().is_ok()),
    ("association_type", is_small_number),
    ("check_result", is_small_number),
    ("count", is_small_number),
    ("customer_level", |text| matches!(text.as_bytes(), [b'V', b'0'..=b'9'])),
    ("customer_type", is_small_number),
    ("fail_check_items", is_item),
    ("is_frozen", is_small_number),
    ("is_review", is_small_number),
    ("mobile_remain_available_num", is_small_number),
    ("review_result", is_small_number),
    ("verified_status", is_small_number),
];

/// The numbers of tables, and counts.
const SMALL_NUMBERS: Range<i64> = -1..1_000_000;

/// From how many letters on a part of a token is a word. Shorter ones stand in every long token, and in every text.
const MIN_TOKEN_LETTERS: usize = 4;

/// From how many digits on a number in a text is replaced.
const MIN_DIGITS: usize = 4;

/// From how many characters on a word of letters and digits is taken for an identifier.
const MIN_IDENTIFIER_CHARS: usize = 8;

/// The most characters of the name of a key that is shown.
const MAX_KEY_CHARS: usize = 64;

/// What can stand between the digits of one number, such as that of a telephone.
const BETWEEN_DIGITS: &str = " \u{a0}-.()/:+";

/// The words of well-known media types and character sets.
const OF_MEDIA_TYPES: [&str; 32] = [
    "1",
    "8",
    "8859",
    "application",
    "ascii",
    "charset",
    "css",
    "csv",
    "data",
    "form",
    "gb18030",
    "gb2312",
    "gbk",
    "html",
    "image",
    "iso",
    "javascript",
    "jpeg",
    "json",
    "multipart",
    "octet",
    "pdf",
    "plain",
    "png",
    "problem",
    "stream",
    "text",
    "us",
    "utf",
    "vnd",
    "xhtml",
    "xml",
];

/// The words of the documented texts and of the parameters, which say nothing of anyone.
static VOCABULARY: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let pages = catalog::ErrorCode::ALL.iter().map(|code| code.message());
    let others = catalog::other_errors().map(|error| error.message);
    let gateway = gateway::ERRORS.iter().map(|row| row.message);
    let parameters = ENDPOINTS.iter().flat_map(|endpoint| endpoint.parameters).map(|parameter| parameter.name);
    let codes = catalog::codes().chain(gateway::codes());
    let texts = pages.chain(others).chain(gateway).chain(parameters).chain(codes).chain(OTHER_WORDS);
    texts.flat_map(|text| text.split(|c: char| !c.is_alphanumeric())).map(str::to_ascii_lowercase).collect()
});

/// Texts of the gateway and of validators, which are not in a table.
const OTHER_WORDS: [&str; 8] = [
    "decrypt token fail",
    "x-auth-token not found",
    "token expires, expires_at",
    "calc ak sk signature fail:signature expired, signature time, server time",
    "verify aksk signature fail, get AK SK result not found, not exist",
    "must not be null, must not be blank, must be one of, must be between and, size, must match, is invalid, 32-bit 64-bit",
    "application/json; charset=UTF-8, text/html, text/plain",
    "nginx openresty api-gateway internal server error request header method parameter error_msg error_code",
];

/// Replaces what was captured.
#[derive(Debug, Default)]
pub(super) struct Pseudonyms {
    inventor: Inventor,
    /// The words of values in lower case, as far as they look like any other word of a text.
    words: HashSet<String>,
}

impl Pseudonyms {
    /// Returns a text for a text.
    pub(super) fn text(&mut self, text: &str) -> String {
        self.know(text);
        rewrite(text, |_, word| self.invent(word))
    }

    /// Remembers the words of a value, which are then replaced in texts.
    fn know(&mut self, text: &str) {
        let is_word = |word: &&str| {
            word.is_ascii() && !is_identifier(word) && word.bytes().any(|byte| byte.is_ascii_alphabetic())
        };
        let words = words(text).map(|(_, word)| word).filter(is_word);
        self.words.extend(words.map(str::to_ascii_lowercase));
    }

    /// Remembers what a call shows, which the text of any answer may repeat.
    pub(super) fn know_call(&mut self, call: &CapturedCall) {
        if let Credential::Token(secret) | Credential::AccessKey(secret) = &call.credential {
            self.know_secret(secret);
        }
        if let Some(token) = call.answer.header("x-subject-token") {
            self.know_secret(token);
        }
        for (name, value) in call.fields.iter().flatten() {
            self.know_entry(name, value);
        }
        self.know_value(call.answer.json().unwrap_or(&Value::Null));
    }

    fn know_secret(&mut self, secret: &str) {
        words(secret).filter(|(_, word)| word.len() >= MIN_TOKEN_LETTERS).for_each(|(_, word)| self.know(word));
    }

    fn know_value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.know(text),
            Value::Array(values) => values.iter().for_each(|value| self.know_value(value)),
            Value::Object(fields) => fields.iter().for_each(|(name, value)| self.know_entry(name, value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The texts of errors say nothing of anyone by themselves.
    fn know_entry(&mut self, name: &str, value: &Value) {
        if !is_key(name) {
            self.know(name);
        }
        let is_of_error = match value {
            Value::String(text) => name == "error_msg" || name == "error_code" && is_code(text),
            Value::Object(_) => name == "error",
            _ => false,
        };
        match table_of(name) {
            _ if is_of_error => {}
            Some(is_text) => self.know_others(is_text, value),
            None => self.know_value(value),
        }
    }

    /// Remembers what is not of a table, in a field that has one.
    fn know_others(&mut self, is_text: IsOfTable, value: &Value) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.know_others(is_text, value)),
            value if is_of(is_text, value) => {}
            value => self.know_value(value),
        }
    }

    /// Returns a word for a word. Signs outside ASCII, such as emoji, become letters.
    fn invent(&mut self, word: &str) -> String {
        let letters: String =
            word.chars().map(|c| if c.is_ascii() || c.is_alphabetic() { c } else { letter_of(c) }).collect();
        self.inventor.text(&letters)
    }

    /// Returns a media type, of which what is not well known is invented.
    pub(super) fn media_type(&mut self, value: &str) -> String {
        rewrite(value, |_, word| {
            let is_known = OF_MEDIA_TYPES.contains(&word.to_ascii_lowercase().as_str());
            if is_known { word.to_owned() } else { self.invent(word) }
        })
    }

    /// Returns a text for an account name, of which a reserved beginning counts.
    fn account_name(&mut self, text: &str) -> String {
        match text.split_once('_').filter(|(beginning, _)| RESERVED.contains(beginning)) {
            Some((beginning, rest)) => format!("{beginning}_{}", self.text(rest)),
            None => self.text(text),
        }
    }

    /// Returns a path for a path. Its extension stays.
    fn path(&mut self, path: &str) -> String {
        let is_extension =
            |text: &str| (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match path.rsplit_once('.').filter(|(_, extension)| is_extension(extension)) {
            Some((path, extension)) => format!("{}.{extension}", self.text(path)),
            None => self.text(path),
        }
    }

    /// Returns the fields of a request for those that were sent.
    pub(super) fn fields(&mut self, endpoint: &'static Endpoint, fields: &Map<String, Value>) -> Map<String, Value> {
        let mut invented = Map::new();
        for (name, value) in fields {
            let shown = match value {
                value if is_enumerated(endpoint, name, value) => value.clone(),
                Value::Array(paths) if name == PICTURES => paths
                    .iter()
                    .map(|path| match path {
                        Value::String(path) => self.path(path).into(),
                        other => self.value(other),
                    })
                    .collect(),
                Value::String(text) if name == "domain_name" || name == "search_value" => {
                    self.account_name(text).into()
                }
                Value::Object(fields) => self.fields(endpoint, fields).into(),
                value => self.value(value),
            };
            invented.insert(self.key(name), shown);
        }
        invented
    }

    /// Returns a body for one that was answered. Texts of errors stay as they are: [`message`](Self::message) is for them,
    /// when all is known that may stand in them.
    pub(super) fn answer(&mut self, body: &Value) -> Value {
        match body {
            Value::Object(fields) => {
                let mut invented = Map::new();
                for (name, value) in fields {
                    let shown = match value {
                        Value::String(_) if name == "error_msg" => value.clone(),
                        Value::String(code) if name == "error_code" && is_code(code) => value.clone(),
                        value => self.of_field(name, value),
                    };
                    invented.insert(self.key(name), shown);
                }
                invented.into()
            }
            Value::Array(values) => values.iter().map(|value| self.answer(value)).collect(),
            value => self.value(value),
        }
    }

    /// Returns a value for one of a field of an answer. Of a list each element stays that is of the field's table.
    pub(super) fn of_field(&mut self, name: &str, value: &Value) -> Value {
        match (table_of(name), value) {
            (Some(_), Value::Array(values)) => values.iter().map(|value| self.of_field(name, value)).collect(),
            (Some(is_text), value) if is_of(is_text, value) => value.clone(),
            _ => self.answer(value),
        }
    }

    fn value(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text).into(),
            Value::Number(_) => self.inventor.value(value),
            Value::Array(values) => values.iter().map(|value| self.value(value)).collect(),
            Value::Object(fields) => fields.iter().map(|(name, value)| (self.key(name), self.value(value))).collect(),
            Value::Null | Value::Bool(_) => value.clone(),
        }
    }

    /// Returns the name of a key, which stays if it has the style of the API.
    pub(super) fn key(&mut self, name: &str) -> String {
        if is_key(name) { name.to_owned() } else { self.text(name) }
    }

    /// Returns the text of an error without what was captured elsewhere or looks like an identifier.
    pub(super) fn message(&mut self, text: &str) -> String {
        let numbers = spaced_numbers(text);
        let is_of_number = |place: usize| {
            let next = numbers.partition_point(|number| number.end <= place);
            numbers.get(next).is_some_and(|number| number.contains(&place))
        };
        let (mut written, mut start) = (String::with_capacity(text.len()), 0);
        for token in text.split_inclusive(|c: char| c.is_whitespace() || "\"'<>".contains(c)) {
            let (before, url) = token.split_at(token.find("://").map_or(token.len(), |scheme| scheme + "://".len()));
            for part in before.split_inclusive(|c: char| "(),;=".contains(c)) {
                let is_whole = is_address(part) || is_joined_identifier(part);
                written += &rewrite(part, |place, word| {
                    if is_whole || is_of_number(start + place) { self.invent(word) } else { self.word(word) }
                });
                start += part.len();
            }
            // Each part of a URL can name a person or be a secret.
            written += &rewrite(url, |_, word| self.invent(word));
            start += url.len();
        }
        written
    }

    /// Returns a word of a text. The documented texts are in ASCII, so that a word of another script can be a name.
    fn word(&mut self, word: &str) -> String {
        if is_documented(word) {
            return word.to_owned();
        }
        let is_replaced = !word.is_ascii() || is_identifier(word) || self.words.contains(&word.to_ascii_lowercase());
        if is_replaced { self.invent(word) } else { word.to_owned() }
    }
}

/// Returns true for the name of a key in the style of the API, such as `customer_id`. One with a long number is an identifier.
pub(super) fn is_key(name: &str) -> bool {
    name.len() <= MAX_KEY_CHARS
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && name.bytes().filter(u8::is_ascii_digit).count() < MIN_DIGITS
}

/// Returns true for a word of the documented texts.
fn is_documented(word: &str) -> bool {
    VOCABULARY.contains(&word.to_ascii_lowercase())
}

/// Returns true for a word that is no word of a language, by its digits.
fn is_identifier(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    digits >= MIN_DIGITS || digits > 0 && word.len() >= MIN_IDENTIFIER_CHARS
}

/// Returns a letter for a sign. Signs of one block have different ones.
fn letter_of(sign: char) -> char {
    char::from_u32(0x2_0000 + u32::from(sign) % 0xA6D0).unwrap_or('\u{20000}')
}

/// Returns true for what a word consists of: letters, digits, their accents, and signs outside ASCII but punctuation.
fn is_of_word(c: char) -> bool {
    let is_punctuation = matches!(c, '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ff65}');
    c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c) || c >= '\u{2070}' && !is_punctuation
}

/// Returns the words of a text, each with its place in bytes.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    text.split_inclusive(|c: char| !is_of_word(c)).filter_map(move |part| {
        let place = start;
        start += part.len();
        let word = part.trim_end_matches(|c: char| !is_of_word(c));
        (!word.is_empty()).then_some((place, word))
    })
}

/// Rewrites each word of a text.
fn rewrite(text: &str, mut word: impl FnMut(usize, &str) -> String) -> String {
    let (mut written, mut end) = (String::with_capacity(text.len()), 0);
    for (start, known) in words(text) {
        written.push_str(&text[end..start]);
        written.push_str(&word(start, known));
        end = start + known.len();
    }
    written.push_str(&text[end..]);
    written
}

/// A number with signs or spaces between its digits.
struct SpacedNumber {
    place: Range<usize>,
    digits: usize,
    is_joined: bool,
}

/// Returns the places of long numbers that have signs or spaces between their digits. The number of a code, such as
/// `CBC.0100`, is none.
fn spaced_numbers(text: &str) -> Vec<Range<usize>> {
    let mut numbers: Vec<SpacedNumber> = Vec::new();
    // The end of the word before, and whether it is the last one of a number. What is between two words is read once.
    let (mut end_before, mut is_in_number) = (0, false);
    for (start, word) in words(text) {
        let (end, between) = (start + word.len(), &text[end_before..start]);
        let is_of_code = || between == "." && text[..end_before].ends_with(|c: char| c.is_ascii_uppercase());
        match numbers.last_mut() {
            _ if !word.bytes().all(|byte| byte.is_ascii_digit()) => is_in_number = false,
            Some(number) if is_in_number && between.chars().all(|c| BETWEEN_DIGITS.contains(c)) => {
                number.place.end = end;
                number.digits += word.len();
                number.is_joined = true;
            }
            _ => {
                is_in_number = !is_of_code();
                if is_in_number {
                    numbers.push(SpacedNumber { place: start..end, digits: word.len(), is_joined: false });
                }
            }
        }
        end_before = end;
    }
    numbers.retain(|number| number.is_joined && number.digits >= MIN_DIGITS);
    numbers.into_iter().map(|number| number.place).collect()
}

/// Returns true for an identifier with hyphens or colons, such as a UUID, an IPv6 address or the address of a network card.
fn is_joined_identifier(token: &str) -> bool {
    let token = token.trim_matches(|c: char| !is_of_word(c));
    let is_count = |word: &str| word.len() < MIN_DIGITS && word.bytes().all(|byte| byte.is_ascii_digit());
    let is_hex = |word: &str| word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let has_digit = token.bytes().any(|byte| byte.is_ascii_digit());
    token.contains(['-', ':'])
        && (has_digit || words(token).all(|(_, word)| is_hex(word)))
        && words(token).any(|(_, word)| !is_documented(word) && !is_count(word))
}

/// Returns true for a mail address, a host, an IP address or a path of a share. Codes and fields have dots, too.
fn is_address(token: &str) -> bool {
    let is_path = token.starts_with("//") || token.contains('\\');
    let token = token.trim_matches(|c: char| !c.is_alphanumeric() && c != '@');
    let has_dot = token.split('.').filter(|part| !part.is_empty()).count() > 1;
    let is_known = words(token).all(|(_, word)| is_documented(word));
    !is_known && !is_code(token) && (is_path || has_dot || token.contains('@'))
}

/// Returns true for an `error_code`, such as `CBC.0100`.
pub(super) fn is_code(text: &str) -> bool {
    let (letters, number) = text.split_once('.').unwrap_or((text, ""));
    let is_known = catalog::codes().any(|code| code == text) || gateway::codes().contains(&text);
    let is_system = (2..=8).contains(&letters.len()) && letters.bytes().all(|byte| byte.is_ascii_uppercase());
    is_known || is_system && (1..=10).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the test of a field's table. `None` if it has none.
fn table_of(name: &str) -> Option<IsOfTable> {
    OF_TABLES.iter().find(|(field, _)| *field == name).map(|(_, is_text)| *is_text)
}

fn is_of(is_text: IsOfTable, value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty() || is_text(text),
        // Also as 1.0.
        Value::Number(number) => is_small_number(number.to_string().trim_end_matches(".0")),
        Value::Null | Value::Bool(_) => true,
        Value::Array(_) | Value::Object(_) => false,
    }
}

/// Returns true for an item, such as `PIC_SIZE_ERR`. The real service may have more than the page.
fn is_item(text: &str) -> bool {
    let mut words = text.split('_');
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase());
    text.contains('_') && words.all(is_word) && text.len() <= MAX_KEY_CHARS
}

fn is_small_number(text: &str) -> bool {
    text.parse().is_ok_and(|number| SMALL_NUMBERS.contains(&number))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{CREATE_CUSTOMER, INDIVIDUAL};

    #[test]
    fn a_person_stays_the_same_person_in_every_form() {
        let mut pseudonyms = Pseudonyms::default();
        let fields = json!({
            "customer_id": "5f8a1c0e9d3b47a2", "name": "Wang Xiaoming", "verified_number": "E12345678", "identify_type": 0,
            "verified_file_url": ["wang/front.JPG", "../hand"], "change_type": -1, "note": 13_800_138_000_i64, "xaccount_type": "ACME_IDP",
        });
        let fields = fields.as_object().expect("an object");
        let invented = json!(pseudonyms.fields(&INDIVIDUAL, fields));
        let expected = r#"{"customer_id":"0a0a0a0a0a0a00a1","name":"Aaab Aaaaaaab","verified_number":"A00000001","identify_type":0,"verified_file_url":["aaab/aaaab.JPG","../aaac"],"change_type":-1,"note":10000000001,"xaccount_type":"AAAB_AAB"}"#;
        assert_eq!(invented.to_string(), expected);
        let text =
            "Wang Xiaoming (E12345678) of customer 5f8a1c0e9d3b47a2: CBC.0100, mail x9@acme.example, +86 13700137000";
        let expected =
            "Aaab Aaaaaaab (A00000001) of customer 0a0a0a0a0a0a00a1: CBC.0100, mail a1@aaad.aaaaaab, +01 00000000001";
        assert_eq!(pseudonyms.message(text), expected);
        let documented = "The customer has passed real-name authentication or is being reviewed.";
        assert_eq!(pseudonyms.message(documented), documented);
        let text = "<p>proxy-7.corp.example:8080, 10.1.2.3, https://a.example/b?c=d: limit:10,time:1 second";
        let written = pseudonyms.message(text);
        assert!(!["proxy", "corp", "10.1", "8080", "a.example"].iter().any(|part| written.contains(part)), "{written}");
        assert!(written.ends_with("limit:10,time:1 second"), "{written}");
    }

    /// Asserts that a text has none of these parts once it is written.
    #[track_caller]
    fn assert_hidden(text: &str, parts: &[&str]) {
        let mut pseudonyms = Pseudonyms::default();
        pseudonyms.text("Marisol Quintanilla");
        let written = pseudonyms.message(text);
        for part in parts {
            assert!(text.contains(part) && !written.contains(part), "{part} is in {written}");
        }
        assert_eq!(pseudonyms.message(text), written, "a text is written in one way");
    }

    #[test]
    fn a_known_name_is_hidden_in_each_case_and_between_signs() {
        assert_hidden("MARISOL of quintanilla", &["MARISOL", "quintanilla"]);
        assert_hidden("user m_quintanilla or QUINTANILLA.m or quintanilla-marisol", &["quintanilla", "QUINTANILLA"]);
    }

    #[test]
    fn numbers_and_identifiers_are_hidden_in_texts() {
        let text = "call +33 6 12 34 56 78 or (030) 12-34-56 or +7 (912) 345-67-89 or 06.12.34.56.78";
        assert_hidden(text, &["12 34", "56 78", "030", "12-34-56", "912", "345-67-89", "34.56"]);
        let text = "of 4f3a-9bcd-77e1 550e8400-e29b-41d4-a716-446655440000 fe80::dead:beef aa:bb:cc:dd:ee:ff";
        assert_hidden(text, &["4f3a", "9bcd", "77e1", "e29b", "41d4", "a716", "fe80", "dead", "beef", "bb", "ff"]);
        let text = r"at https://host/ticket?token=QWERTYuiop,x&u=frobnicator#frag or \\zorgnas\bilbo or //share/frodo";
        assert_hidden(text, &["host", "QWERTY", "frobnicator", "frag", "zorgnas", "bilbo", "share", "frodo"]);
    }

    #[test]
    fn words_of_other_scripts_and_emoji_are_hidden() {
        assert_hidden("Иванов: Сидоров не найден, 张先生, 김철수", &["Сидоров", "张", "先生", "김철수", "найден"]);
        assert_hidden("of Müller, 🦊🐻 and １２", &["Müller", "🦊", "🐻", "１", "２"]);
        let mut pseudonyms = Pseudonyms::default();
        let invented = pseudonyms.text("🦊🐻");
        assert!(invented.chars().count() == 2 && !invented.contains(['🦊', '🐻']), "{invented}");
        assert_ne!(pseudonyms.text("🐻🦊"), invented);
    }

    #[test]
    fn documented_texts_and_counts_stay() {
        let mut pseudonyms = Pseudonyms::default();
        let pages = catalog::ErrorCode::ALL.iter().map(|code| code.message());
        let texts = pages.chain(gateway::ERRORS.iter().map(|row| row.message));
        for text in texts.chain(["limit:5,time:1 second", "CBC.0100 (400): Parameter error."]) {
            assert_eq!(pseudonyms.message(text), text);
        }
    }

    #[test]
    fn only_known_media_types_and_keys_of_the_style_of_the_api_stay() {
        let mut pseudonyms = Pseudonyms::default();
        for known in ["application/json;charset=UTF-8", "text/html; charset=iso-8859-1", "application/problem+json"] {
            assert_eq!(pseudonyms.media_type(known), known);
        }
        assert_eq!(pseudonyms.media_type("application/vnd.zorgco.v2+json"), "application/vnd.aaaaab.a1+json");
        let typed = pseudonyms.media_type("application/json; profile=https://gw7.zorgco.example/x; boundary=Zorg99");
        assert!(
            typed.starts_with("application/json; ") && !typed.contains("zorg") && !typed.contains("Zorg"),
            "{typed}"
        );
        for (name, is_shown) in [
            ("customer_id", true),
            ("address2", true),
            ("Frodo", false),
            ("frodo.baggins", false),
            ("e9988776", false),
            ("张", false),
        ] {
            assert_eq!(pseudonyms.key(name) == name, is_shown, "{name}");
        }
    }

    #[test]
    fn fields_of_tables_keep_what_is_of_their_table() {
        let mut pseudonyms = Pseudonyms::default();
        let of_tables = json!({
            "associated_on": "2023-03-01T00:00:00Z", "customer_level": "V3", "fail_check_items": ["PIC_SIZE_ERR"],
            "verified_status": "-1", "is_review": 1.0, "count": 12, "check_result": null,
        });
        assert_eq!(pseudonyms.answer(&of_tables).to_string(), of_tables.to_string());
        let others = json!({
            "associated_on": "Frodo", "customer_level": "Frodo", "fail_check_items": ["PIC_SIZE_ERR", "FRODO", "Frodo"],
            "verified_status": ["Frodo"], "is_review": "Frodo", "count": 13_800_138_000_i64,
        });
        let answer = pseudonyms.answer(&others);
        let written = answer.to_string();
        assert!(!written.to_lowercase().contains("frodo") && !written.contains("138"), "{written}");
        assert_eq!(answer["fail_check_items"][0], "PIC_SIZE_ERR", "each element is decided alone");
    }

    #[test]
    fn a_text_is_read_once() {
        let began = std::time::Instant::now();
        let text = format!("1{}{}", " ".repeat(200_000), "A.1 ".repeat(50_000));
        assert_eq!(Pseudonyms::default().message(&text), text);
        assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    }

    #[test]
    fn what_made_a_value_wrong_stays() {
        let mut pseudonyms = Pseudonyms::default();
        let fields = json!({ "domain_name": "op_wang", "email": "wang@example.com", "domain_area": "MX", "password": "Pass-1234" });
        let invented = json!(pseudonyms.fields(&CREATE_CUSTOMER, fields.as_object().expect("an object")));
        let expected =
            r#"{"domain_name":"op_aaab","email":"aaab@aaaaaab.aab","domain_area":"MX","password":"Aaab-0001"}"#;
        assert_eq!(invented.to_string(), expected);
    }
}
