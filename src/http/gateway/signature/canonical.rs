//! The canonical request: what a client signs, rebuilt from what arrived.

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

/// Builds the canonical request from the client's own list of signed headers and the raw target.
pub(super) fn request(parts: &Parts, signed_headers: &str, payload_hash: &str, host: HostReading) -> Vec<u8> {
    let mut canonical = Vec::with_capacity(512);
    let mut line = |text: &[u8]| {
        canonical.extend_from_slice(text);
        canonical.push(b'\n');
    };
    line(parts.method.as_str().as_bytes());
    line(path(parts.uri.path()).as_bytes());
    line(query(parts.uri.query().unwrap_or_default()).as_bytes());
    for name in signed_headers.split(';') {
        for value in header(&parts.headers, name, host) {
            line(&[name.to_ascii_lowercase().as_bytes(), b":", value].concat());
        }
    }
    line(b"");
    line(signed_headers.as_bytes());
    canonical.extend_from_slice(payload_hash.as_bytes());
    canonical
}

/// Decodes the whole path, encodes each segment again, and ends it with a slash.
fn path(path: &str) -> String {
    let decoded: Vec<u8> = percent_decode_str(path).collect();
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

/// Sorts the pairs by key, then by value, and encodes both. A plus is a plus here, and no blank.
fn query(query: &str) -> String {
    let decode = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
    let mut pairs: Vec<_> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect();
    pairs.sort();
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
