//! Typical mistakes of signers: what a client signed in the place of the canonical request that it should have signed. They
//! are tried only for a signature that is refused, and change nothing of the refusal.

use super::algorithm::Algorithm;
use super::authorization::Authorization;
use super::{Signed, UNSIGNED_PAYLOAD, string_to_sign};
use crate::domain::AccessKey;

/// A canonical request, line by line, and how it is signed.
struct Draft<'a> {
    method: String,
    path: String,
    query: String,
    /// `name:value`, in the order of `SignedHeaders`.
    headers: Vec<String>,
    /// What ends the headers: an empty line.
    end_of_headers: &'static str,
    signed_headers: String,
    payload_hash: String,
    /// The algorithm in the string to sign.
    algorithm: Algorithm,
    /// The algorithm that makes the signature.
    signer: Algorithm,
    scope: &'a str,
    secret: String,
}

/// What the client signed, in words, and how that differs from the canonical request.
type Mistake = (&'static str, fn(&mut Draft<'_>, &Signed<'_>));

const MISTAKES: [Mistake; 22] = [
    ("the path without the slash at its end", |draft, _| {
        draft.path.pop();
    }),
    ("the request without its query", |draft, _| draft.query.clear()),
    ("the query as it was sent, neither sorted nor encoded", |draft, signed| {
        signed.parts.uri.query().unwrap_or_default().clone_into(&mut draft.query);
    }),
    ("an empty body", |draft, _| draft.payload_hash = draft.algorithm.hash(b"")),
    ("the hash of the body, in the place of the header that declares another", |draft, signed| {
        draft.payload_hash = draft.algorithm.hash(signed.body);
    }),
    ("UNSIGNED-PAYLOAD, without the header that declares it", |draft, _| {
        draft.payload_hash = String::from_utf8_lossy(UNSIGNED_PAYLOAD).into_owned();
    }),
    ("the hash of the body in upper case", |draft, _| draft.payload_hash.make_ascii_uppercase()),
    ("the same JSON without blanks", |draft, signed| {
        draft.payload_hash = draft.algorithm.hash(&spaced(signed.body, b""));
    }),
    ("the same JSON with a blank after each comma and colon", |draft, signed| {
        draft.payload_hash = draft.algorithm.hash(&spaced(signed.body, b" "));
    }),
    ("the method in lower case", |draft, _| draft.method.make_ascii_lowercase()),
    ("the Content-Type without its charset", |draft, _| {
        draft.change_header("content-type", |value| {
            ("content-type", value.split(';').next().unwrap_or_default().trim().to_owned())
        });
    }),
    ("the host bss-intl.myhuaweicloud.com", |draft, _| {
        draft.change_header("host", |_| ("host", "bss-intl.myhuaweicloud.com".to_owned()));
    }),
    ("the values of headers with single blanks inside", |draft, _| {
        for header in &mut draft.headers {
            *header = header.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        }
    }),
    ("the headers sorted by name, which SignedHeaders are not", |draft, _| draft.headers.sort_unstable()),
    ("names of headers that are not in lower case", |draft, _| {
        for name in draft.signed_headers.clone().split(';') {
            draft.change_header(name, |value| (name, value.to_owned()));
        }
    }),
    ("no empty line between the headers and SignedHeaders", |draft, _| draft.end_of_headers = ""),
    ("the algorithm SDK-HMAC-SHA256", |draft, signed| draft.sign_with(Algorithm::Sha256, signed)),
    ("the algorithm SDK-HMAC-SM3", |draft, signed| draft.sign_with(Algorithm::Sm3, signed)),
    ("the SK itself, in the place of the key that V11-HMAC-SHA256 derives from it", |draft, _| {
        draft.signer = Algorithm::Sha256;
    }),
    ("an SK with a line feed at its end", |draft, _| draft.secret.push('\n')),
    ("an SK with a blank at its end", |draft, _| draft.secret.push(' ')),
    ("an SK in quotes", |draft, _| draft.secret = format!("\"{}\"", draft.secret)),
];

/// The most bytes of a body for which mistakes are looked for: several of them hash it again.
const MAX_TRIED_BYTES: usize = 1024 * 1024;

/// Returns what a refused signature is right for, if that is known. `canonical` is what should have been signed.
pub(super) fn find(signed: &Signed<'_>, canonical: &[u8], date: &str, key: &AccessKey) -> Option<&'static str> {
    let is_made = |(_, change): &&Mistake| {
        let mut draft = Draft::new(signed, canonical, key);
        change(&mut draft, signed);
        draft.is_signed(signed, date)
    };
    let tried = if signed.body.len() <= MAX_TRIED_BYTES { &MISTAKES[..] } else { &[] };
    tried.iter().find(is_made).map(|(what, _)| *what)
}

impl<'a> Draft<'a> {
    fn new(signed: &Signed<'a>, canonical: &[u8], key: &AccessKey) -> Self {
        let canonical = String::from_utf8_lossy(canonical);
        let mut lines = canonical.split('\n').map(str::to_owned);
        let mut line = || lines.next().unwrap_or_default();
        let [method, path, query] = [(); 3].map(|()| line());
        let headers = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        let mut line = || lines.next().unwrap_or_default();
        let [signed_headers, payload_hash] = [(); 2].map(|()| line());
        let Authorization { algorithm, scope, .. } = signed.authorization;
        Self {
            method,
            path,
            query,
            headers,
            end_of_headers: "\n",
            signed_headers,
            payload_hash,
            algorithm,
            signer: algorithm,
            scope,
            secret: key.sk.expose().to_owned(),
        }
    }

    /// Replaces the name and the value of a signed header, which is given in any case.
    fn change_header<'n>(&mut self, name: &str, change: impl Fn(&str) -> (&'n str, String)) {
        for header in &mut self.headers {
            if let Some((given, value)) = header.split_once(':')
                && given.eq_ignore_ascii_case(name)
            {
                let (name, value) = change(value);
                *header = format!("{name}:{value}");
            }
        }
    }

    /// Signs with another algorithm, which hashes the body, too, unless a header declares its hash.
    fn sign_with(&mut self, algorithm: Algorithm, signed: &Signed<'_>) {
        (self.algorithm, self.signer, self.scope) = (algorithm, algorithm, "");
        if signed.header(signed.authorization.algorithm.payload_header()).is_none() {
            self.payload_hash = algorithm.hash(signed.body);
        }
    }

    fn is_signed(&self, signed: &Signed<'_>, date: &str) -> bool {
        let Self { method, path, query, end_of_headers, signed_headers, payload_hash, .. } = self;
        let headers: String = self.headers.iter().flat_map(|header| [header, "\n"]).collect();
        let canonical = format!("{method}\n{path}\n{query}\n{headers}{end_of_headers}{signed_headers}\n{payload_hash}");
        let text = string_to_sign(self.algorithm, self.scope, date, canonical.as_bytes());
        let Authorization { access_key, ref signature, .. } = signed.authorization;
        self.signer.verify(access_key, &self.secret, self.scope, text.as_bytes(), signature)
    }
}

/// Writes JSON with this after each comma and colon, and without other white space between its tokens.
fn spaced(json: &[u8], after: &[u8]) -> Vec<u8> {
    let (mut text, mut is_in_string, mut is_escaped) = (Vec::with_capacity(json.len()), false, false);
    for byte in json {
        match byte {
            _ if is_in_string => text.push(*byte),
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b',' | b':' => {
                text.push(*byte);
                text.extend_from_slice(after);
            }
            _ => text.push(*byte),
        }
        is_in_string ^= *byte == b'"' && !is_escaped;
        is_escaped = is_in_string && *byte == b'\\' && !is_escaped;
    }
    text
}
