//! A signer of requests, made after the documentation of the signature and not after the simulator's code.

use axum::http::Request;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use sm3::Sm3;

use super::INDIVIDUAL;
use super::fixtures::KEY;

pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");
pub(crate) const HOST: (&str, &str) = ("host", "127.0.0.1:8080");
pub(crate) const SHA256: &str = "SDK-HMAC-SHA256";
pub(crate) const SM3: &str = "SDK-HMAC-SM3";
pub(crate) const DERIVED: &str = "V11-HMAC-SHA256";

/// A request with its signature. What is sent and what is signed stand side by side, so that a mistake in how the two
/// belong together is seen.
#[derive(Clone, Copy)]
pub(crate) struct SignedRequest<'a> {
    pub(crate) algorithm: &'a str,
    pub(crate) key: (&'a str, &'a str),
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// The query as it is sent, and in its canonical form.
    pub(crate) query: (&'a str, &'a str),
    /// The headers as they are sent, without date and signature.
    pub(crate) sent: &'a [(&'a str, &'a str)],
    /// The headers that are signed, in their canonical form and order.
    pub(crate) signed: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a str,
    /// `X-Sdk-Date`.
    pub(crate) date: &'a str,
}

impl<'a> SignedRequest<'a> {
    /// A request of the API as the Python SDK signs it, but for the body.
    pub(crate) fn post(body: &'a str, date: &'a str) -> Self {
        Self {
            algorithm: SHA256,
            key: KEY,
            method: "POST",
            path: INDIVIDUAL,
            query: ("", ""),
            sent: &[JSON, HOST],
            signed: &[JSON, HOST],
            body,
            date,
        }
    }

    pub(crate) fn hash(&self, bytes: &[u8]) -> String {
        if self.algorithm == SM3 { hex::encode(Sm3::digest(bytes)) } else { hex::encode(Sha256::digest(bytes)) }
    }

    pub(crate) fn hmac(&self, key: &[u8], text: &[u8]) -> Vec<u8> {
        if self.algorithm == SM3 { hmac::<Hmac<Sm3>>(key, text) } else { hmac::<Hmac<Sha256>>(key, text) }
    }

    /// The header whose value stands for the hash of the body.
    pub(crate) fn payload(&self) -> Option<&'a str> {
        let name = if self.algorithm == SM3 { "x-sdk-content-sm3" } else { "x-sdk-content-sha256" };
        self.sent.iter().find(|header| header.0 == name).map(|header| header.1)
    }

    pub(crate) fn signed_headers(&self) -> Vec<(&'a str, &'a str)> {
        let mut headers = [self.signed, &[("x-sdk-date", self.date)]].concat();
        headers.sort_by_key(|header| header.0);
        headers
    }

    /// The names of the signed headers, each once.
    pub(crate) fn names(&self) -> String {
        let mut names: Vec<_> = self.signed_headers().iter().map(|header| header.0).collect();
        names.dedup();
        names.join(";")
    }

    /// The canonical request.
    pub(crate) fn canonical(&self) -> String {
        let lines =
            self.signed_headers().iter().map(|(name, value)| [*name, ":", *value, "\n"].concat()).collect::<String>();
        let payload = self.payload().map_or_else(|| self.hash(self.body.as_bytes()), str::to_owned);
        let (method, path, query, names) = (self.method, self.path, self.query.1, self.names());
        format!("{method}\n{path}/\n{query}\n{lines}\n{names}\n{payload}")
    }

    /// The value of `Authorization`.
    pub(crate) fn authorization(&self) -> String {
        self.authorization_over(&self.canonical())
    }

    /// The value of `Authorization` with the signature of this canonical request.
    pub(crate) fn authorization_over(&self, canonical: &str) -> String {
        let Self { algorithm, key: (ak, sk), date, .. } = *self;
        let hash = self.hash(canonical.as_bytes());
        let (holder, signature) = if algorithm == DERIVED {
            // HKDF with one block: its key is the text of its hexadecimal digits.
            let scope = format!("{}/globe/bssintl", date.get(..8).unwrap_or_default());
            let key =
                hex::encode(self.hmac(&self.hmac(ak.as_bytes(), sk.as_bytes()), &[scope.as_bytes(), &[1]].concat()));
            let text = format!("{algorithm}\n{date}\n{scope}\n{hash}");
            (format!("Credential={ak}/{scope}"), self.hmac(key.as_bytes(), text.as_bytes()))
        } else {
            let text = format!("{algorithm}\n{date}\n{hash}");
            (format!("Access={ak}"), self.hmac(sk.as_bytes(), text.as_bytes()))
        };
        format!("{algorithm} {holder}, SignedHeaders={}, Signature={}", self.names(), hex::encode(signature))
    }

    /// The request as it is sent.
    pub(crate) fn request(&self) -> Request<String> {
        let mark = if self.query.0.is_empty() { "" } else { "?" };
        let mut request = Request::builder().method(self.method).uri(format!("{}{mark}{}", self.path, self.query.0));
        for (name, value) in self.sent {
            request = request.header(*name, value.as_bytes());
        }
        let request = request.header("x-sdk-date", self.date).header("authorization", self.authorization());
        request.body(self.body.to_owned()).expect("the request is well-formed")
    }
}

fn hmac<M: Mac + KeyInit>(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mac = <M as KeyInit>::new_from_slice(key).expect("any length will do");
    mac.chain_update(text).finalize().into_bytes().to_vec()
}

/// The time of this machine, by which signatures are judged.
#[expect(clippy::disallowed_methods, reason = "a client has no other clock")]
pub(crate) fn machine_time() -> Timestamp {
    Timestamp::now()
}

/// The time of this machine and so much more, as `X-Sdk-Date`.
pub(crate) fn sdk_date(ahead: SignedDuration) -> String {
    (machine_time() + ahead).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The time of this machine, as `X-Sdk-Date`.
pub(crate) fn now() -> String {
    sdk_date(SignedDuration::ZERO)
}
