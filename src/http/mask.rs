//! What is shown of a request: in the journal, in explanations and in the log. A value is shown only at a place and in a
//! form in which it is known to be harmless. Names of keys, headers and parameters are shown, and so are paths.

use std::cell::RefCell;
use std::fmt;
use std::net::IpAddr;
use std::ops::Range;

use axum::http::HeaderValue;
use axum::http::request::Parts;
use jiff::civil::DateTime;
use percent_encoding::{CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::invent::Inventor;
use super::secrets::{KnownSecrets, is_secret};
use crate::domain::{
    Accounts, CUSTOMER_ID, Endpoint, Kind, Parameter, PicturePath, REVIEW_RESULT, SentValue, TOKENS, VERIFIED_FILE_URL,
    excerpt, short,
};
use crate::simulator::SpaceId;

/// What stands for a value that is not shown.
pub const MASK: &str = "***";

/// How many fields of an object, headers or parameters are shown.
const MAX_SHOWN: usize = 100;

/// The most bytes of a picture's path that is shown.
const MAX_PATH_BYTES: usize = 512;

/// The numbers of the page's tables, and those around them.
const TABLE_NUMBERS: Range<i64> = -1..100;

/// The most bytes of a value in JSON that is looked at.
const MAX_VALUE_BYTES: usize = 8 * 1024;

/// The most bytes of a body that is shown with personal data.
const MAX_SHOWN_BYTES: usize = 1024 * 1024;

/// A header that can be harmless, with a test of its values in lower case.
type HarmlessHeader = (&'static str, fn(&str) -> bool);

const HEADERS: [HarmlessHeader; 11] = [
    ("accept", |value| every(value, is_media_type)),
    ("accept-encoding", |value| every(value, is_coding)),
    ("connection", |value| every(value, |word| ["close", "keep-alive", "upgrade"].contains(&word))),
    ("content-encoding", |value| every(value, is_coding)),
    ("content-length", |value| value.len() <= 8 && is_digits(value)),
    ("content-type", is_media_type),
    ("expect", |value| value == "100-continue"),
    ("host", is_address),
    ("transfer-encoding", |value| value == "chunked"),
    ("x-sim-space", |value| SpaceId::parse(value).is_some()),
    ("x-sdk-date", |value| DateTime::strptime("%Y%m%dt%H%M%Sz", value).is_ok()),
];

/// How an `Authorization` header can begin: this much of it is shown.
const SCHEMES: [&str; 7] = [
    "SDK-HMAC-SHA256 ",
    "SDK-HMAC-SM3 ",
    "V11-HMAC-SHA256 ",
    "SDK-ECDSA-P256-SHA256 ",
    "SDK-SM2-SM3 ",
    "Bearer ",
    "Basic ",
];

/// How the `User-Agent` of well-known clients begins: this much of it is shown.
const PRODUCTS: [&str; 14] = [
    "Apache-HttpClient/",
    "axios/",
    "curl/",
    "Go-http-client/",
    "huaweicloud-usdk-go/",
    "huaweicloud-usdk-java/",
    "huaweicloud-usdk-net/",
    "huaweicloud-usdk-nodejs/",
    "huaweicloud-usdk-php/",
    "huaweicloud-usdk-python/",
    "node",
    "okhttp/",
    "python-requests/",
    "undici",
];

/// A harmless value of a body.
#[derive(Clone, Copy)]
enum Harmless {
    /// An object, of which the fields with a place of their own are shown.
    Object,
    CustomerId,
    /// A number of the page's tables. No secret has two digits.
    TableNumber,
    /// Whatever the parameter can be: one of a few words, a time, or a number that counts something.
    Valid,
    PicturePaths,
    /// The platform ID of a partner of the space.
    Platform,
    /// The name or the ID of a partner of the space.
    Partner,
    LoginMethods,
}

/// The parameters of which a value can be harmless, where an endpoint has them.
const PARAMETERS: [(&str, Harmless); 19] = [
    ("associated_on_begin", Harmless::Valid),
    ("associated_on_end", Harmless::Valid),
    ("association_type", Harmless::Valid),
    ("customer_id", Harmless::CustomerId),
    ("domain_area", Harmless::Valid),
    ("include_association_result", Harmless::Valid),
    ("is_close_market_ms", Harmless::Valid),
    ("lang", Harmless::Valid),
    ("receiver_type", Harmless::TableNumber),
    ("search_type", Harmless::Valid),
    ("timeout", Harmless::Valid),
    ("identify_type", Harmless::TableNumber),
    ("limit", Harmless::Valid),
    ("offset", Harmless::Valid),
    ("verified_file_url", Harmless::PicturePaths),
    ("xaccount_type", Harmless::Platform),
    ("verified_type", Harmless::TableNumber),
    ("change_type", Harmless::TableNumber),
    ("certificate_type", Harmless::TableNumber),
];

/// The places of a login at which a value can be harmless, in the form of JSON pointers.
const LOGIN: [(&str, Harmless); 12] = [
    ("/auth", Harmless::Object),
    ("/auth/identity", Harmless::Object),
    ("/auth/identity/methods", Harmless::LoginMethods),
    ("/auth/identity/password", Harmless::Object),
    ("/auth/identity/password/user", Harmless::Object),
    ("/auth/identity/password/user/domain", Harmless::Object),
    ("/auth/identity/password/user/domain/name", Harmless::Partner),
    ("/auth/scope", Harmless::Object),
    ("/auth/scope/domain", Harmless::Object),
    ("/auth/scope/domain/name", Harmless::Partner),
    ("/auth/scope/domain/id", Harmless::Partner),
    ("/auth/scope/project", Harmless::Object),
];

/// The objects of a login that are called like secrets, and have some among others.
const AROUND_SECRETS: [&str; 2] = ["/auth", "/auth/identity/password"];

/// Decides what is shown of a request to a space.
#[derive(Clone, Copy)]
pub struct Mask<'a> {
    /// The accounts of the space: they can be asked for, so that their names are harmless.
    pub accounts: &'a Accounts,
    /// If only secrets are masked: those that are known.
    pub show_personal_data: Option<&'a KnownSecrets>,
    /// The endpoint of the request, which says where its values can be harmless.
    pub endpoint: Option<&'static Endpoint>,
    /// Invents what is not shown, for an export. Without it a mask stands there.
    pub inventor: Option<&'a RefCell<Inventor>>,
}

impl Mask<'_> {
    /// What stands for a text that is not shown.
    fn hide(self, text: &str) -> String {
        self.inventor.map_or_else(|| MASK.to_owned(), |inventor| inventor.borrow_mut().text(text))
    }

    /// What stands for a value of JSON that is not shown.
    pub fn hide_json(self, json: &str) -> Value {
        let invent = |inventor: &RefCell<Inventor>| {
            let value = serde_json::from_str(json).ok()?;
            Some(inventor.borrow_mut().value(&value))
        };
        self.inventor.and_then(invent).unwrap_or_else(|| MASK.into())
    }

    /// What stands for a value of a query that is not shown.
    fn hide_in_query(self, value: &str) -> String {
        match self.inventor {
            Some(_) => utf8_percent_encode(&self.hide(value), NON_ALPHANUMERIC).to_string(),
            None => MASK.to_owned(),
        }
    }

    /// Returns the path and the query of a target.
    pub fn target(self, target: &str) -> String {
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let path = short(path);
        match query {
            Some(query) => excerpt(&format!("{path}?{}", self.query(query))).into_owned(),
            None => path.into_owned(),
        }
    }

    fn query(self, query: &str) -> String {
        let pair = |pair: &str| match pair.split_once('=') {
            None => short(pair).into_owned(),
            Some((name, value)) => {
                let decode = |text| percent_decode_str(text).decode_utf8_lossy();
                let is_shown = if let Some(secrets) = self.show_personal_data {
                    !is_secret(&decode(name)) && !value.contains(';') && !secrets.are_in(&decode(value))
                } else {
                    self.endpoint == Some(&REVIEW_RESULT)
                        && name == CUSTOMER_ID.name
                        && !value.contains(';')
                        && is_customer_id(&decode(value))
                };
                let shown = if is_shown { value.to_owned() } else { self.hide_in_query(&decode(value)) };
                format!("{}={shown}", short(name))
            }
        };
        query.split('&').take(MAX_SHOWN).map(pair).collect::<Vec<_>>().join("&")
    }

    /// Returns the value of a header.
    pub fn header(self, name: &str, value: &str) -> String {
        let value_in_lower_case = value.to_ascii_lowercase();
        let is_harmless = HEADERS.iter().any(|(known, test)| *known == name && test(&value_in_lower_case));
        let is_secret = || is_secret(name) || SCHEMES.iter().any(|scheme| value.starts_with(scheme));
        let is_shown_with_others = |secrets: &KnownSecrets| !is_secret() && !secrets.are_in(value);
        let is_shown = is_harmless || self.show_personal_data.is_some_and(is_shown_with_others);
        match name {
            _ if is_shown => excerpt(value).into_owned(),
            "authorization" => self.authorization(value),
            "user-agent" => self.hide_after(beginning(value, &PRODUCTS), value),
            _ => self.hide(value),
        }
    }

    /// Returns the scheme. In an export the names of a signature's parts are shown as well: they say what it is.
    fn authorization(self, value: &str) -> String {
        let scheme = beginning(value, &SCHEMES);
        let is_signature = scheme.starts_with("SDK-") || scheme.starts_with("V11-");
        if self.inventor.is_none() || !is_signature {
            return self.hide_after(scheme, value);
        }
        let part = |part: &str| match part.split_once('=') {
            Some((name, value)) => match name.trim_start() {
                "Access" | "Signature" => format!("{name}={}", self.hide(value)),
                "Credential" => match value.split_once('/') {
                    Some((key, scope)) => format!("{name}={}/{}", self.hide(key), self.hide(scope)),
                    None => format!("{name}={}", self.hide(value)),
                },
                "SignedHeaders" => {
                    let headers: Vec<_> = value.split(';').take(MAX_SHOWN).map(short).collect();
                    format!("{name}={}", headers.join(";"))
                }
                _ => self.hide(part),
            },
            None => self.hide(part),
        };
        let parts: Vec<_> = value[scheme.len()..].split(',').map(part).collect();
        format!("{scheme}{}", parts.join(","))
    }

    /// Returns a value of which only the beginning is shown.
    fn hide_after(self, beginning: &str, value: &str) -> String {
        format!("{beginning}{}", self.hide(&value[beginning.len()..]))
    }

    /// Returns a body: null if there is none, and a mask if it is no JSON object.
    pub fn body(self, body: &[u8]) -> Value {
        let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
        if body.is_empty() {
            return Value::Null;
        }
        let hidden = || self.hide(&String::from_utf8_lossy(body)).into();
        if let Some(secrets) = self.show_personal_data.filter(|_| body.len() <= MAX_SHOWN_BYTES) {
            // It cannot be known where the secrets are in a malformed one.
            let shown = |body| self.without_secrets(secrets, "", body);
            return serde_json::from_slice(body).map_or_else(|_| hidden(), shown);
        }
        let raw: Result<&RawValue, _> = serde_json::from_slice(body);
        raw.map_or_else(|_| hidden(), |raw| self.value("", raw))
    }

    /// `place` is the JSON pointer of the value.
    fn without_secrets(self, secrets: &KnownSecrets, place: &str, value: Value) -> Value {
        match value {
            Value::Object(fields) => {
                let shown = |(name, value): (String, Value)| {
                    let place = format!("{place}/{name}");
                    let is_around = self.is_login() && AROUND_SECRETS.contains(&&*place);
                    let is_masked = is_secret(&name) && !(is_around && value.is_object());
                    let shown = if is_masked {
                        self.hide_json(&value.to_string())
                    } else {
                        self.without_secrets(secrets, &place, value)
                    };
                    (short(&name).into_owned(), shown)
                };
                fields.into_iter().map(shown).collect()
            }
            Value::Array(elements) => {
                let place = format!("{place}/-");
                elements.into_iter().map(|element| self.without_secrets(secrets, &place, element)).collect()
            }
            Value::String(text) if secrets.are_in(&text) => self.hide(&text).into(),
            other => other,
        }
    }

    fn is_login(self) -> bool {
        self.endpoint == Some(&TOKENS)
    }

    /// Returns the parameter at a place of the body.
    fn parameter(self, place: &str) -> Option<&'static Parameter> {
        self.endpoint?.parameter(place.strip_prefix('/')?)
    }

    /// Returns how the value at a place of the body can be harmless. `None` if it cannot.
    fn harmless(self, place: &str) -> Option<Harmless> {
        let find = |known: &[(&str, Harmless)], name| {
            known.iter().find(|(known, _)| *known == name).map(|(_, harmless)| *harmless)
        };
        match place.strip_prefix('/') {
            None => Some(Harmless::Object),
            Some(_) if self.is_login() => find(&LOGIN, place),
            Some(name) => match self.parameter(place)?.kind {
                Kind::Object => Some(Harmless::Object),
                _ => find(&PARAMETERS, name),
            },
        }
    }

    fn value(self, place: &str, raw: &RawValue) -> Value {
        let text = || serde_json::from_str::<String>(raw.get()).ok();
        let is_partner =
            |text: &str| self.accounts.partner(text).is_some() || self.accounts.partner_by_id(text).is_some();
        let is_platform = |text: &str| self.accounts.partners.iter().any(|partner| *partner.xaccount_type == *text);
        let shown = match self.harmless(place) {
            _ if raw.get() == "null" => Some(Value::Null),
            Some(Harmless::Object) => self.object(place, raw),
            _ if raw.get().len() > MAX_VALUE_BYTES => None,
            Some(Harmless::CustomerId) => text().filter(|text| is_customer_id(text)).map(Value::from),
            Some(Harmless::TableNumber) => {
                raw.get().parse::<i64>().ok().filter(|number| TABLE_NUMBERS.contains(number)).map(Value::from)
            }
            Some(Harmless::Valid) => {
                let value = serde_json::from_str(raw.get()).ok();
                value.filter(|value| self.parameter(place).is_some_and(|parameter| is_valid(parameter, value)))
            }
            Some(Harmless::PicturePaths) => self.picture_paths(raw),
            Some(Harmless::Platform) => text().filter(|text| is_platform(text)).map(Value::from),
            Some(Harmless::Partner) => text().filter(|text| is_partner(text)).map(Value::from),
            Some(Harmless::LoginMethods) => {
                let methods = serde_json::from_str::<Vec<String>>(raw.get()).ok();
                methods.filter(|methods| methods.iter().all(|method| method == "password")).map(Value::from)
            }
            None => None,
        };
        shown.unwrap_or_else(|| self.hide_json(raw.get()))
    }

    fn picture_paths(self, raw: &RawValue) -> Option<Value> {
        let max = VERIFIED_FILE_URL.max_length();
        let paths = serde_json::from_str::<Vec<Value>>(raw.get()).ok().filter(|paths| paths.len() <= max)?;
        let is_path = |path: &str| path.len() <= MAX_PATH_BYTES && PicturePath::parse(path).is_ok();
        let is_shown = |path: &Value| path.as_str().is_some_and(is_path);
        let shown = |path: Value| if is_shown(&path) { path } else { self.hide_json(&path.to_string()) };
        Some(paths.into_iter().map(shown).collect())
    }

    fn object(self, place: &str, raw: &RawValue) -> Option<Value> {
        let fields = ShownFields { mask: self, place };
        serde_json::Deserializer::from_str(raw.get()).deserialize_map(fields).ok()
    }
}

/// Reads an object field by field, without keeping what is not shown.
struct ShownFields<'a> {
    mask: Mask<'a>,
    place: &'a str,
}

impl<'de> Visitor<'de> for ShownFields<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let (mut shown, mut others) = (Map::new(), 0);
        while let Some((name, value)) = fields.next_entry::<String, &RawValue>()? {
            if shown.len() < MAX_SHOWN {
                let value = self.mask.value(&format!("{}/{name}", self.place), value);
                shown.insert(short(&name).into_owned(), value);
            } else {
                others += 1;
            }
        }
        if others > 0 {
            shown.insert(format!("… ({others} more)"), Value::Null);
        }
        Ok(shown.into())
    }
}

/// Returns true if the value of a parameter is one of a few words, a number of a table or one that counts, or a time.
pub fn is_enumerated(endpoint: &'static Endpoint, name: &str, value: &Value) -> bool {
    let Some(parameter) = endpoint.parameter(name) else { return false };
    let harmless = PARAMETERS.iter().find(|(known, _)| *known == name).map(|(_, harmless)| *harmless);
    match harmless {
        Some(Harmless::TableNumber) => integer(value).is_some_and(|number| TABLE_NUMBERS.contains(&number)),
        Some(Harmless::Valid) => is_valid(parameter, value),
        _ => false,
    }
}

/// Returns an integer, also in the form `1.0`.
fn integer(value: &Value) -> Option<i64> {
    let in_other_form = || value.to_string().strip_suffix(".0")?.parse().ok();
    value.as_i64().or_else(in_other_form)
}

/// Returns a request with the headers and the query that are shown by default.
pub fn parts(parts: &Parts) -> Parts {
    let accounts = Accounts::default();
    let mask = Mask { accounts: &accounts, show_personal_data: None, endpoint: None, inventor: None };
    let mut masked = parts.clone();
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    masked.uri = utf8_percent_encode(&mask.target(target), CONTROLS).to_string().parse().unwrap_or_default();
    for (name, value) in &mut masked.headers {
        let shown = mask.header(name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
        *value = HeaderValue::from_str(&shown).unwrap_or(HeaderValue::from_static(MASK));
    }
    masked
}

/// Returns the value of `Content-Encoding`.
pub fn coding(value: &str) -> &str {
    if every(&value.to_ascii_lowercase(), is_coding) { value } else { MASK }
}

/// Returns the hash of a signed body, which the client may have chosen itself.
pub fn payload_hash(hash: &str) -> &str {
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash || hash == "UNSIGNED-PAYLOAD" { hash } else { MASK }
}

/// Returns the known beginning of a value; empty if it begins in another way.
fn beginning<'a>(value: &str, known: &[&'a str]) -> &'a str {
    known.iter().find(|known| value.starts_with(**known)).copied().unwrap_or_default()
}

/// Returns the conditions of a scripted answer, as a file writes them, with the values that are shown.
pub fn conditions(when: Value, show_personal_data: bool) -> Value {
    let shown_of_header = |(name, condition): (String, Value)| {
        let has_scheme = |text: &str| SCHEMES.iter().any(|scheme| text.starts_with(scheme));
        let is_shown =
            |value: &Value| show_personal_data && !is_secret(&name) && !value.as_str().is_some_and(has_scheme);
        let condition = condition_with(condition, &is_shown);
        (name, condition)
    };
    let shown = |(name, condition): (String, Value)| {
        let known = PARAMETERS.iter().find(|(known, _)| *known == name).map(|(_, harmless)| *harmless);
        let is_shown = |value: &Value| match known {
            _ if ["path", "method", "caller"].contains(&&*name) => true,
            _ if show_personal_data => !is_secret(&name),
            Some(Harmless::CustomerId | Harmless::PicturePaths) => true,
            Some(Harmless::TableNumber) => value.as_i64().is_some_and(|number| TABLE_NUMBERS.contains(&number)),
            _ => false,
        };
        let condition = match condition {
            Value::Object(headers) if name == "headers" => headers.into_iter().map(shown_of_header).collect(),
            condition => condition_with(condition, &is_shown),
        };
        (name, condition)
    };
    match when {
        Value::Object(keys) => keys.into_iter().map(shown).collect(),
        other => other,
    }
}

/// Returns a condition of which only these values are shown. Its operators are.
fn condition_with(condition: Value, is_shown: &dyn Fn(&Value) -> bool) -> Value {
    match condition {
        Value::Array(values) => values.into_iter().map(|value| condition_with(value, is_shown)).collect(),
        Value::Object(operators) => {
            operators.into_iter().map(|(name, value)| (name, condition_with(value, is_shown))).collect()
        }
        Value::Bool(_) => condition,
        value if is_shown(&value) => value,
        _ => MASK.into(),
    }
}

fn is_valid(parameter: &Parameter, value: &Value) -> bool {
    let number = || Some(SentValue::Integer(value.as_i64()?.try_into().ok()?));
    let text = || Some(SentValue::Text(value.as_str()?.into()));
    let sent = value.as_bool().map(SentValue::Boolean).or_else(number).or_else(text);
    sent.is_some_and(|sent| parameter.kind.violation(&sent).is_none())
}

fn is_customer_id(text: &str) -> bool {
    text.chars().count() <= CUSTOMER_ID.max_length()
}

/// True if every word of a list holds. Parameters such as `;q=0.5` do not count.
fn every(list: &str, holds: fn(&str) -> bool) -> bool {
    list.split(',').all(|word| {
        let (word, parameter) = word.split_once(';').unwrap_or((word, ""));
        let weight = parameter.trim().trim_start_matches("q=");
        holds(word.trim()) && weight.len() <= 5 && weight.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    })
}

fn is_coding(word: &str) -> bool {
    ["br", "deflate", "gzip", "identity", "zstd", "*"].contains(&word)
}

fn is_media_type(value: &str) -> bool {
    let (media_type, parameter) = value.split_once(';').unwrap_or((value, ""));
    let is_known = ["*/*", "application/json", "application/xml", "text/html", "text/plain", "text/*"];
    let charset = parameter.trim().trim_start_matches("charset=").trim_matches('"');
    is_known.contains(&media_type.trim()) && ["", "utf-8", "utf8"].contains(&charset)
}

fn is_address(host: &str) -> bool {
    let (name, port) = host.rsplit_once(':').filter(|(_, port)| is_digits(port)).unwrap_or((host, "0"));
    let address = name.trim_start_matches('[').trim_end_matches(']');
    port.len() <= 5 && (name == "localhost" || address.parse::<IpAddr>().is_ok())
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_in_the_form_of_fractions_are_integers() {
        let values = ["1", "1.0", "-1.0", "1.5", "1e3", "\"1.0\""];
        let integers = values.map(|json| integer(&serde_json::from_str(json).expect("it is JSON")));
        assert_eq!(integers, [Some(1), Some(1), Some(-1), None, Some(1000), None]);
    }
}
