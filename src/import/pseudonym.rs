//! Invented values in the place of those that were captured. Each word of a value is replaced by one of the same form,
//! everywhere by the same, so that a person stays the same person also where only a part of the name stands.

use std::collections::HashSet;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::domain::{ENDPOINTS, Endpoint, catalog, gateway};
use crate::http::{Inventor, is_enumerated};

/// The parameter with paths of pictures, whose extensions count.
const PICTURES: &str = "verified_file_url";

/// The beginnings of account names that are not allowed: without them, a name would be.
const RESERVED: [&str; 2] = ["op", "shadow"];

/// The fields of answers whose values are words or numbers of a table, and a time.
const OF_TABLES: [&str; 12] = [
    "associated_on",
    "association_type",
    "check_result",
    "count",
    "customer_level",
    "customer_type",
    "fail_check_items",
    "is_frozen",
    "is_review",
    "mobile_remain_available_num",
    "review_result",
    "verified_status",
];

/// The most characters of a value of a table.
const MAX_TABLE_CHARS: usize = 24;

/// From how many digits on a number in a text is replaced.
const MIN_DIGITS: usize = 4;

/// From how many characters on a word of letters and digits is taken for an identifier.
const MIN_IDENTIFIER_CHARS: usize = 8;

/// The longest part of a run of letters of another script than Latin that is looked up: such a text has no spaces.
const MAX_PART_CHARS: usize = 8;

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
    "must not be null, must not be blank, must be one of, must be between and, size, must match, is invalid",
    "application/json; charset=UTF-8, text/html, text/plain",
    "nginx openresty api-gateway internal server error request header method parameter error_msg error_code",
];

/// Replaces what was captured.
#[derive(Debug, Default)]
pub(super) struct Pseudonyms(Inventor);

impl Pseudonyms {
    /// Returns a text for a text.
    pub(super) fn text(&mut self, text: &str) -> String {
        rewrite(text, |word| self.0.text(word))
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
                        value if OF_TABLES.contains(&name.as_str()) && is_of_table(value) => value.clone(),
                        value => self.answer(value),
                    };
                    invented.insert(self.key(name), shown);
                }
                invented.into()
            }
            Value::Array(values) => values.iter().map(|value| self.answer(value)).collect(),
            value => self.value(value),
        }
    }

    fn value(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text).into(),
            Value::Number(_) => self.0.value(value),
            Value::Array(values) => values.iter().map(|value| self.value(value)).collect(),
            Value::Object(fields) => fields.iter().map(|(name, value)| (self.key(name), self.value(value))).collect(),
            Value::Null | Value::Bool(_) => value.clone(),
        }
    }

    /// A key is a word of the API, unless it has a number.
    fn key(&mut self, name: &str) -> String {
        let is_word = name.len() <= 64
            && name.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b'.'));
        if is_word { name.to_owned() } else { self.text(name) }
    }

    /// Returns the text of an error without what was captured elsewhere or looks like an identifier.
    pub(super) fn message(&mut self, text: &str) -> String {
        let mut written = String::with_capacity(text.len());
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        let is_latin = text.chars().filter(char::is_ascii_alphabetic).count() * 2 > letters;
        for token in text.split_inclusive(|c: char| c.is_whitespace() || "\"'<>(),;=".contains(c)) {
            let is_address = is_address(token);
            written += &rewrite(token, |word| if is_address { self.0.text(word) } else { self.word(word, is_latin) });
        }
        written
    }

    /// Returns a word of a text. In a Latin one, words of another script are names.
    fn word(&mut self, word: &str, is_latin: bool) -> String {
        if VOCABULARY.contains(&word.to_ascii_lowercase()) {
            return word.to_owned();
        }
        if !word.is_ascii() {
            return if is_latin { self.0.text(word) } else { self.parts(word) };
        }
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let is_number = digits == word.len();
        let is_identifier = digits >= MIN_DIGITS || digits > 0 && word.len() >= MIN_IDENTIFIER_CHARS;
        let is_known = !(is_number && digits < MIN_DIGITS) && self.0.known(word).is_some();
        if is_identifier || is_known { self.0.text(word) } else { word.to_owned() }
    }

    /// Replaces what is known of a run of letters, the longest parts first.
    fn parts(&mut self, run: &str) -> String {
        let (chars, mut text, mut start): (Vec<char>, _, _) = (run.chars().collect(), String::new(), 0);
        while start < chars.len() {
            let longest = MAX_PART_CHARS.min(chars.len() - start);
            let known = (2..=longest)
                .rev()
                .chain((start == 0 && chars.len() > longest).then_some(chars.len()))
                .find_map(|length| {
                    let part: String = chars[start..start + length].iter().collect();
                    Some((length, self.0.known(&part)?))
                });
            match known {
                Some((length, invented)) => {
                    text.push_str(&invented);
                    start += length;
                }
                None => {
                    text.push(chars[start]);
                    start += 1;
                }
            }
        }
        text
    }
}

/// Rewrites each word of a text: each run of letters and digits.
fn rewrite(text: &str, mut word: impl FnMut(&str) -> String) -> String {
    let (mut written, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(start) = rest.find(char::is_alphanumeric) {
        written.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        written.push_str(&word(&rest[..end]));
        rest = &rest[end..];
    }
    written.push_str(rest);
    written
}

/// Returns true for a mail address, a URL, a host or an IP address. Codes and fields have dots, too.
fn is_address(token: &str) -> bool {
    let token = token.trim_matches(|c: char| !c.is_alphanumeric());
    let is_known =
        token.split(|c: char| !c.is_alphanumeric()).all(|word| VOCABULARY.contains(&word.to_ascii_lowercase()));
    let has_dot = token.split('.').filter(|part| !part.is_empty()).count() > 1;
    !is_known && !is_code(token) && (has_dot || token.contains('@') || token.contains("://"))
}

/// Returns true for an `error_code`, such as `CBC.0100`.
pub(super) fn is_code(text: &str) -> bool {
    let (letters, number) = text.split_once('.').unwrap_or((text, ""));
    let is_known = catalog::codes().any(|code| code == text) || gateway::codes().contains(&text);
    let is_system = (2..=8).contains(&letters.len()) && letters.bytes().all(|byte| byte.is_ascii_uppercase());
    is_known || is_system && (1..=10).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_of_table(value: &Value) -> bool {
    match value {
        Value::String(text) => text.len() <= MAX_TABLE_CHARS,
        Value::Number(_) => value.as_i64().is_some_and(|number| (-1..1_000_000).contains(&number)),
        Value::Array(values) => values.iter().all(is_of_table),
        Value::Null | Value::Bool(_) => true,
        Value::Object(_) => false,
    }
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
            "Aaab Aaaaaaab (A00000001) of customer 0a0a0a0a0a0a00a1: CBC.0100, mail a1@aaad.aaaaaab, +86 00000000001";
        assert_eq!(pseudonyms.message(text), expected);
        let documented = "The customer has passed real-name authentication or is being reviewed.";
        assert_eq!(pseudonyms.message(documented), documented);
        pseudonyms.text("王小明");
        let text = "<p>proxy-7.corp.example:8080, 10.1.2.3, https://a.example/b?c=d: limit:10,time:1 second";
        let written = pseudonyms.message(text);
        assert!(!["proxy", "corp", "10.1", "8080", "a.example"].iter().any(|part| written.contains(part)), "{written}");
        assert!(written.ends_with("limit:10,time:1 second"), "{written}");
        assert_eq!(pseudonyms.message("客户王小明已认证"), format!("客户{}已认证", pseudonyms.text("王小明")));
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
