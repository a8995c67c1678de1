//! The canonical request: what a client signs, rebuilt from what arrived.

use std::borrow::Cow;

use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// Everything but `A-Z a-z 0-9 - _ . ~` is encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// How the `Host` header is read where clients differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum HostReading {
    /// As it was sent.
    AsSent,
    /// Without its port: the .NET SDK signs it so.
    WithoutPort,
}

/// How the query is read where clients differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum QueryReading {
    /// Sorted by key, then by value.
    Sorted,
    /// Sorted by key alone, equal keys in the order in which they were sent: the Java SDK signs it so.
    SortedByKey,
    /// Sorted, with keys in lower case: the Go SDK signs it so.
    LowerCaseKeys,
}

/// One way to read a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) host: HostReading,
    pub(super) query: QueryReading,
}

impl Reading {
    /// As the documentation has it.
    pub(super) const DOCUMENTED: Self = Self { host: HostReading::AsSent, query: QueryReading::Sorted };

    /// As official SDKs are known to sign otherwise.
    pub(super) fn others() -> impl Iterator<Item = Self> {
        let queries = [QueryReading::Sorted, QueryReading::SortedByKey, QueryReading::LowerCaseKeys];
        let hosts = [HostReading::AsSent, HostReading::WithoutPort];
        let readings = hosts.into_iter().flat_map(move |host| queries.map(|query| Self { host, query }));
        readings.filter(|reading| *reading != Self::DOCUMENTED)
    }
}

/// Builds the canonical request from the client's own list of signed headers and the raw target.
pub(super) fn request(parts: &Parts, signed_headers: &str, payload_hash: &str, reading: Reading) -> Vec<u8> {
    let mut canonical = Vec::with_capacity(1024);
    let mut add = |pieces: &[&[u8]]| pieces.iter().for_each(|piece| canonical.extend_from_slice(piece));
    add(&[parts.method.as_str().as_bytes(), b"\n"]);
    add(&[path(parts.uri.path()).as_bytes(), b"\n"]);
    add(&[query(parts.uri.query().unwrap_or_default(), reading.query).as_bytes(), b"\n"]);
    for name in signed_headers.split(';') {
        let lower = if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(name.to_ascii_lowercase())
        } else {
            Cow::Borrowed(name)
        };
        for value in header(&parts.headers, name, reading.host) {
            add(&[lower.as_bytes(), b":", value, b"\n"]);
        }
    }
    add(&[b"\n", signed_headers.as_bytes(), b"\n", payload_hash.as_bytes()]);
    canonical
}

/// Decodes the whole path, encodes each segment again, and ends it with a slash.
fn path(path: &str) -> String {
    let decoded = Cow::<[u8]>::from(percent_decode_str(path));
    let mut canonical = String::with_capacity(path.len() + 1);
    for (index, segment) in decoded.split(|byte| *byte == b'/').enumerate() {
        if index > 0 {
            canonical.push('/');
        }
        canonical.extend(percent_encode(segment, RESERVED));
    }
    if !canonical.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

/// Sorts the pairs and encodes their keys and values. A plus is a plus here, and no blank.
fn query(query: &str, reading: QueryReading) -> String {
    let decode = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
    let mut pairs: Vec<_> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect();
    match reading {
        QueryReading::Sorted => pairs.sort_unstable(),
        QueryReading::SortedByKey => pairs.sort_by(|(a, _), (b, _)| a.cmp(b)),
        QueryReading::LowerCaseKeys => {
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

/// The values of a header, trimmed and sorted; one empty value when it was signed but not sent.
fn header<'a>(headers: &'a HeaderMap, name: &str, host: HostReading) -> Vec<&'a [u8]> {
    let mut values: Vec<_> = headers.get_all(name).iter().map(|value| value.as_bytes().trim_ascii()).collect();
    if name.eq_ignore_ascii_case(HOST.as_str()) && host == HostReading::WithoutPort {
        for value in &mut values {
            *value = without_port(value);
        }
    }
    values.sort_unstable();
    if values.is_empty() { vec![b""] } else { values }
}

fn without_port(host: &[u8]) -> &[u8] {
    match host.iter().rposition(|byte| *byte == b':') {
        Some(colon) if host[colon + 1..].iter().all(u8::is_ascii_digit) => &host[..colon],
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::{QueryReading, query};

    #[test]
    fn clients_differ_in_the_order_of_a_query() {
        let read = |reading| query("l=y&B=+&l=x&a=%2F&e", reading);
        assert_eq!(read(QueryReading::Sorted), "B=%2B&a=%2F&e=&l=x&l=y");
        assert_eq!(read(QueryReading::SortedByKey), "B=%2B&a=%2F&e=&l=y&l=x");
        assert_eq!(read(QueryReading::LowerCaseKeys), "a=%2F&b=%2B&e=&l=x&l=y");
    }
}
