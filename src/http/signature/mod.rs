//! Signed requests: `Authorization: SDK-HMAC-SHA256 …` and the like, verified over the headers that the client lists as
//! signed. The canonical request, which is what a client signs, is rebuilt from what arrived. The texts of the refusals are
//! those of the real gateway where they are known, else assumed.

mod algorithm;
mod authorization;
mod mistake;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::request::Parts;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use self::algorithm::Algorithm;
use self::authorization::Authorization;
pub use self::authorization::access_key;
use super::mask;
use crate::domain::{AccessKey, excerpt, short};
use crate::simulator::{Detail, RecordedRequest};

/// How far `X-Sdk-Date` may be from the gateway's clock, either way.
const MAX_SKEW: SignedDuration = SignedDuration::from_mins(15);

/// What clients send that do not hash the body.
const UNSIGNED_PAYLOAD: &[u8] = b"UNSIGNED-PAYLOAD";

/// How the text about an unknown access key begins.
pub const UNKNOWN_KEY: &str = "Get secretKey failed,ak:";

const X_SDK_DATE: &str = "x-sdk-date";
const X_SECURITY_TOKEN: &str = "x-security-token";

/// Why a signed request is refused. Its text follows "Incorrect IAM authentication information: ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    // Assumed, in the style of the others: the real texts are not known.
    #[error("authorization header has no {0}")]
    Missing(&'static str),
    /// The field is repeated, empty or not of its form.
    #[error("authorization header has a malformed {0}")]
    Malformed(&'static str),
    #[error("algorithm {0} is not supported")]
    UnknownAlgorithm(String),
    #[error("calc ak sk signature fail:X-Sdk-Date not found")]
    NoDate,
    #[error("calc ak sk signature fail:X-Sdk-Date malformed")]
    BadDate,
    /// The payload's hash is not that of the body, and was not signed.
    #[error("calc ak sk signature fail:{0} is not the hash of the body")]
    PayloadHash(&'static str),
    /// A temporary key came without its `X-Security-Token`, or with another one.
    #[error("verify security token fail")]
    SecurityToken,
    // Known from answers of the real gateway.
    #[error("{UNKNOWN_KEY}{0},err:ak not exist")]
    UnknownKey(String),
    /// Too many wrong signatures in a row. `is_new` if this one has locked the key; else it was not verified.
    #[error("AK access failed to reach the limit,forbidden.")]
    Locked { is_new: bool },
    /// `X-Sdk-Date` is too far from the clock.
    #[error("calc ak sk signature fail:signature expired, signature time:{signed_at},server time:{now}")]
    Expired { signed_at: String, now: String },
    /// The signature is not the one that these make. `masked_request` is the canonical request of the request as the journal
    /// shows it. `mistake` is what the client signed, if that is known.
    #[error("verify aksk signature fail, canonicalRequest:{}", canonical_request.replace('\n', "|"))]
    Mismatch {
        canonical_request: String,
        masked_request: String,
        string_to_sign: String,
        mistake: Option<&'static str>,
    },
}

impl SignatureError {
    /// What the client did, or what to do, for explanations only.
    fn hint(&self) -> Option<String> {
        const UNLOCKED: &str = "a reset of the space, or its clock set forward, unlocks it";
        Some(match self {
            Self::Mismatch { mistake: Some(mistake), .. } => format!("the signature is right for {mistake}"),
            Self::Mismatch { mistake: None, .. } => {
                "if the client's canonical request is the one in the answer, its SK is another".to_owned()
            }
            Self::Locked { is_new: true } => format!(
                "this is the sixth wrong signature in a row: the key is locked for five minutes of the space's clock; {UNLOCKED}"
            ),
            Self::Locked { is_new: false } => format!(
                "after six wrong signatures in a row the key is locked for five minutes of the space's clock, and this \
                 signature was not looked at; {UNLOCKED}"
            ),
            _ => return None,
        })
    }
}

impl From<SignatureError> for Detail {
    fn from(error: SignatureError) -> Self {
        let text = error.to_string();
        let masked = match &error {
            SignatureError::UnknownAlgorithm(_) => SignatureError::UnknownAlgorithm(mask::MASK.to_owned()).to_string(),
            SignatureError::UnknownKey(_) => SignatureError::UnknownKey(mask::MASK.to_owned()).to_string(),
            SignatureError::Mismatch { masked_request, .. } => {
                format!("verify aksk signature fail, canonicalRequest:{}", masked_request.replace('\n', "|"))
            }
            _ => text.clone(),
        };
        let hint = error.hint().map_or_else(String::new, |hint| format!(" ({hint})"));
        let saw = match error {
            SignatureError::Mismatch { masked_request, string_to_sign, .. } => format!(
                "verify aksk signature fail{hint}\ncanonical request:\n{masked_request}\nstring to sign:\n{string_to_sign}"
            ),
            _ => format!("{masked}{hint}"),
        };
        Self { text, masked, saw }
    }
}

/// The header with the hash of the body, if a recorded request signed it and it is another hash. It is believed all the
/// same.
pub fn believed_hash(request: &RecordedRequest) -> Option<&'static str> {
    let header = request.header(AUTHORIZATION.as_str())?;
    let Authorization { algorithm, signed_headers, .. } = Authorization::parse(header.as_bytes())?.ok()?;
    let name = algorithm.payload_header();
    let given = request.header(name)?;
    let is_believed = is_among(signed_headers, name) && !declares(given.trim().as_bytes(), algorithm, request.body());
    is_believed.then_some(name)
}

fn is_among(signed_headers: &str, name: &str) -> bool {
    signed_headers.split(';').any(|signed| signed.eq_ignore_ascii_case(name))
}

/// Returns true if this is what a client declares of a body.
fn declares(given: &[u8], algorithm: Algorithm, body: &[u8]) -> bool {
    given == UNSIGNED_PAYLOAD || given.eq_ignore_ascii_case(algorithm.hash(body).as_bytes())
}

pub struct Signed<'a> {
    pub authorization: Authorization<'a>,
    parts: &'a Parts,
    body: &'a [u8],
}

impl<'a> Signed<'a> {
    /// Parses the `Authorization` header. `None` if there is none, or if its scheme is not an SDK's.
    pub fn parse(parts: &'a Parts, body: &'a [u8]) -> Option<Result<Self, SignatureError>> {
        let header = parts.headers.get(AUTHORIZATION)?;
        let authorization = Authorization::parse(header.as_bytes())?;
        Some(authorization.map(|authorization| Self { authorization, parts, body }))
    }

    /// Verifies date, security token and signature.
    pub fn verify(&self, key: &AccessKey, now: Timestamp) -> Result<(), SignatureError> {
        let date = self.header(X_SDK_DATE).ok_or(SignatureError::NoDate)?;
        let date = std::str::from_utf8(date).map_err(|_| SignatureError::BadDate)?;
        let signed_at = parse_date(date).ok_or(SignatureError::BadDate)?;
        if now.duration_since(signed_at).abs() > MAX_SKEW {
            let form = |time: Timestamp| time.strftime("%Y%m%dT%H%M%SZ").to_string();
            return Err(SignatureError::Expired { signed_at: form(signed_at), now: form(now) });
        }
        // A derived key is valid only on the day in its scope.
        let scope = self.authorization.scope;
        if !scope.is_empty() && scope.get(..9) != Some(&format!("{}/", &date[..8])) {
            return Err(SignatureError::Malformed("Credential"));
        }
        if let Some(expected) = &key.security_token
            && !self.header(X_SECURITY_TOKEN).is_some_and(|token| expected.matches(token))
        {
            return Err(SignatureError::SecurityToken);
        }
        self.check_payload_hash()?;
        let canonical = self.canonical_request(Variant::DOCUMENTED, &self.payload_hash());
        if self.is_signature_of(&canonical, date, key) || self.is_signed_otherwise(date, key) {
            return Ok(());
        }
        let payload_hash = self.payload_hash();
        let names: Vec<_> = self.authorization.signed_headers.split(';').map(short).collect();
        let masked = canonical_request(
            &mask::parts(self.parts),
            &names.join(";"),
            mask::payload_hash(&payload_hash),
            Variant::DOCUMENTED,
        );
        let text = |canonical: &[u8]| excerpt(&String::from_utf8_lossy(canonical)).into_owned();
        Err(SignatureError::Mismatch {
            canonical_request: text(&canonical),
            masked_request: text(&masked),
            string_to_sign: self.shown_string_to_sign(&canonical, date),
            mistake: mistake::find(self, &canonical, date, key),
        })
    }

    /// True if the signature is one of those that official SDKs make otherwise: over another variant of the canonical request,
    /// or over the hash of an empty body although a header says something else (Python).
    fn is_signed_otherwise(&self, date: &str, key: &AccessKey) -> bool {
        let is_signed = |variant, hash: &str| self.is_signature_of(&self.canonical_request(variant, hash), date, key);
        let hash = self.payload_hash();
        let empty_body = || is_signed(Variant::DOCUMENTED, &self.authorization.algorithm.hash(b""));
        Variant::others().any(|variant| is_signed(variant, &hash)) || (self.body.is_empty() && empty_body())
    }

    fn canonical_request(&self, variant: Variant, payload_hash: &str) -> Vec<u8> {
        canonical_request(self.parts, self.authorization.signed_headers, payload_hash, variant)
    }

    /// The payload's hash: the value of the client's own header if it sends one, such as `UNSIGNED-PAYLOAD`.
    fn payload_hash(&self) -> String {
        let algorithm = self.authorization.algorithm;
        match self.header(algorithm.payload_header()) {
            Some(given) => String::from_utf8_lossy(given).into_owned(),
            None => algorithm.hash(self.body),
        }
    }

    /// Refuses a body that was exchanged after its hash was signed: who did that could also have exchanged the header with
    /// the hash, unless the header is signed itself.
    fn check_payload_hash(&self) -> Result<(), SignatureError> {
        let Authorization { algorithm, signed_headers, .. } = self.authorization;
        // A hash by SHA-256 that is wrong is refused with each algorithm.
        for algorithm in [algorithm, Algorithm::Sha256] {
            let name = algorithm.payload_header();
            let fits = self.header(name).is_none_or(|given| declares(given, algorithm, self.body));
            if !fits && !is_among(signed_headers, name) {
                return Err(SignatureError::PayloadHash(name));
            }
        }
        Ok(())
    }

    fn is_signature_of(&self, canonical: &[u8], date: &str, key: &AccessKey) -> bool {
        let Authorization { algorithm, access_key, scope, ref signature, .. } = self.authorization;
        let text = self.string_to_sign(canonical, date);
        algorithm.verify(access_key, key.sk.expose(), scope, text.as_bytes(), signature)
    }

    fn string_to_sign(&self, canonical: &[u8], date: &str) -> String {
        let Authorization { algorithm, scope, .. } = self.authorization;
        string_to_sign(algorithm, scope, date, canonical)
    }

    /// The string to sign without what the client wrote in its scope after the day.
    fn shown_string_to_sign(&self, canonical: &[u8], date: &str) -> String {
        let Authorization { algorithm, scope, .. } = self.authorization;
        let scope = scope.split_once('/').map_or_else(String::new, |(day, _)| format!("{day}/{}", mask::MASK));
        string_to_sign(algorithm, &scope, date, canonical)
    }

    fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.parts.headers.get(name).map(|value| value.as_bytes().trim_ascii())
    }
}

/// `scope` is empty unless the key is a derived one.
fn string_to_sign(algorithm: Algorithm, scope: &str, date: &str, canonical: &[u8]) -> String {
    let scope_line = if scope.is_empty() { String::new() } else { format!("{scope}\n") };
    format!("{}\n{date}\n{scope_line}{}", <&str>::from(algorithm), algorithm.hash(canonical))
}

/// `20230302T080000Z`
fn parse_date(date: &str) -> Option<Timestamp> {
    let has_form = date.len() == 16 && date.is_ascii();
    let time = DateTime::strptime("%Y%m%dT%H%M%SZ", date).ok().filter(|_| has_form)?;
    Offset::UTC.to_timestamp(time).ok()
}

/// Everything but `A-Z a-z 0-9 - _ . ~` is encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// How clients sign the query.
#[derive(Clone, Copy, PartialEq, Eq)]
enum QueryVariant {
    /// Sorted by key, then by value.
    Sorted,
    /// Sorted by key alone, equal keys in the order in which they were sent: the Java SDK signs it so.
    SortedByKey,
    /// Sorted, with keys in lower case: the Go SDK signs it so.
    LowerCaseKeys,
}

/// One of the canonical requests that official SDKs make of the same request.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Variant {
    /// The host is signed without its port: the .NET SDK signs it so.
    without_port: bool,
    query: QueryVariant,
}

impl Variant {
    const DOCUMENTED: Self = Self { without_port: false, query: QueryVariant::Sorted };

    /// The others that official SDKs are known to sign.
    fn others() -> impl Iterator<Item = Self> {
        let queries = [QueryVariant::Sorted, QueryVariant::SortedByKey, QueryVariant::LowerCaseKeys];
        let variants = [false, true].into_iter();
        let variants = variants.flat_map(move |without_port| queries.map(|query| Self { without_port, query }));
        variants.filter(|variant| *variant != Self::DOCUMENTED)
    }
}

/// Builds the canonical request from the client's own list of signed headers and the raw target.
fn canonical_request(parts: &Parts, signed_headers: &str, payload_hash: &str, variant: Variant) -> Vec<u8> {
    let mut canonical = Vec::with_capacity(1024);
    let mut add = |pieces: &[&[u8]]| pieces.iter().for_each(|piece| canonical.extend_from_slice(piece));
    add(&[parts.method.as_str().as_bytes(), b"\n"]);
    add(&[canonical_path(parts.uri.path()).as_bytes(), b"\n"]);
    add(&[canonical_query(parts.uri.query().unwrap_or_default(), variant.query).as_bytes(), b"\n"]);
    for name in signed_headers.split(';') {
        let lower = if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(name.to_ascii_lowercase())
        } else {
            Cow::Borrowed(name)
        };
        for value in canonical_values(&parts.headers, name, variant.without_port) {
            add(&[lower.as_bytes(), b":", value, b"\n"]);
        }
    }
    add(&[b"\n", signed_headers.as_bytes(), b"\n", payload_hash.as_bytes()]);
    canonical
}

/// Decodes the whole path, encodes its segments again, and ends it with a slash.
fn canonical_path(path: &str) -> String {
    let decoded = Cow::<[u8]>::from(percent_decode_str(path));
    let mut canonical = percent_encode(&decoded, RESERVED_IN_PATH).to_string();
    if !canonical.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

/// Sorts the pairs and encodes their keys and values. A plus stands for itself, not for a space.
fn canonical_query(query: &str, variant: QueryVariant) -> String {
    let decode = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
    let mut pairs: Vec<_> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect();
    match variant {
        QueryVariant::Sorted => pairs.sort_unstable(),
        QueryVariant::SortedByKey => pairs.sort_by(|(a, _), (b, _)| a.cmp(b)),
        QueryVariant::LowerCaseKeys => {
            for (key, _) in &mut pairs {
                key.make_ascii_lowercase();
            }
            pairs.sort_unstable();
        }
    }
    let encode = |bytes: &[u8]| percent_encode(bytes, RESERVED).to_string();
    let pairs: Vec<_> = pairs.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
    pairs.join("&")
}

/// The values of a header, trimmed and sorted; one empty value if it was signed but not sent.
fn canonical_values<'a>(headers: &'a HeaderMap, name: &str, without_port: bool) -> Vec<&'a [u8]> {
    let mut values: Vec<_> = headers.get_all(name).iter().map(|value| value.as_bytes().trim_ascii()).collect();
    if name.eq_ignore_ascii_case(HOST.as_str()) && without_port {
        for value in &mut values {
            *value = host_name(value);
        }
    }
    values.sort_unstable();
    if values.is_empty() { vec![b""] } else { values }
}

fn host_name(host: &[u8]) -> &[u8] {
    match host.iter().rposition(|byte| *byte == b':') {
        Some(colon) if host[colon + 1..].iter().all(u8::is_ascii_digit) => &host[..colon],
        _ => host,
    }
}
