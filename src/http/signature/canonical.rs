//! The canonical request: what a client signs, rebuilt from what arrived.

use std::borrow::Cow;

use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// Everything but `A-Z a-z 0-9 - _ . ~` is encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// How clients sign the query.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum QueryVariant {
    /// Sorted by key, then by value.
    Sorted,
    /// Sorted by key alone, equal keys in the order in which they were sent: the Java SDK signs it so.
    SortedByKey,
    /// Sorted, with keys in lower case: the Go SDK signs it so.
    LowerCaseKeys,
}

/// One of the canonical requests that official SDKs make of the same request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Variant {
    /// The host is signed without its port: the .NET SDK signs it so.
    pub without_port: bool,
    pub query: QueryVariant,
}

impl Variant {
    pub const DOCUMENTED: Self = Self { without_port: false, query: QueryVariant::Sorted };

    /// The others that official SDKs are known to sign.
    pub fn others() -> impl Iterator<Item = Self> {
        let queries = [QueryVariant::Sorted, QueryVariant::SortedByKey, QueryVariant::LowerCaseKeys];
        let variants = [false, true].into_iter();
        let variants = variants.flat_map(move |without_port| queries.map(|query| Self { without_port, query }));
        variants.filter(|variant| *variant != Self::DOCUMENTED)
    }
}

/// Builds the canonical request from the client's own list of signed headers and the raw target.
pub fn request(parts: &Parts, signed_headers: &str, payload_hash: &str, variant: Variant) -> Vec<u8> {
    let mut canonical = Vec::with_capacity(1024);
    let mut add = |pieces: &[&[u8]]| pieces.iter().for_each(|piece| canonical.extend_from_slice(piece));
    add(&[parts.method.as_str().as_bytes(), b"\n"]);
    add(&[path(parts.uri.path()).as_bytes(), b"\n"]);
    add(&[query(parts.uri.query().unwrap_or_default(), variant.query).as_bytes(), b"\n"]);
    for name in signed_headers.split(';') {
        let lower = if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(name.to_ascii_lowercase())
        } else {
            Cow::Borrowed(name)
        };
        for value in header(&parts.headers, name, variant.without_port) {
            add(&[lower.as_bytes(), b":", value, b"\n"]);
        }
    }
    add(&[b"\n", signed_headers.as_bytes(), b"\n", payload_hash.as_bytes()]);
    canonical
}

/// Decodes the whole path, encodes its segments again, and ends it with a slash.
fn path(path: &str) -> String {
    let decoded = Cow::<[u8]>::from(percent_decode_str(path));
    let mut canonical = percent_encode(&decoded, RESERVED_IN_PATH).to_string();
    if !canonical.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

/// Sorts the pairs and encodes their keys and values. A plus stands for itself, not for a space.
fn query(query: &str, variant: QueryVariant) -> String {
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
fn header<'a>(headers: &'a HeaderMap, name: &str, without_port: bool) -> Vec<&'a [u8]> {
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

#[cfg(test)]
mod tests {
    use super::{QueryVariant, query};

    #[test]
    fn clients_differ_in_the_order_of_a_query() {
        let read = |variant| query("l=y&B=+&l=x&a=%2F&e", variant);
        assert_eq!(read(QueryVariant::Sorted), "B=%2B&a=%2F&e=&l=x&l=y");
        assert_eq!(read(QueryVariant::SortedByKey), "B=%2B&a=%2F&e=&l=y&l=x");
        assert_eq!(read(QueryVariant::LowerCaseKeys), "a=%2F&b=%2B&e=&l=x&l=y");
    }
}
