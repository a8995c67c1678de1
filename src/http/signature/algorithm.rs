//! The signing algorithms: a table of two hash functions and two ways to make a key.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use sm3::Sm3;

/// A signing algorithm that the official SDKs know and that needs no more than the secret key to verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// `SDK-HMAC-SHA256`: the usual one.
    Sha256,
    /// `SDK-HMAC-SM3`.
    Sm3,
    /// `V11-HMAC-SHA256`: with a key derived for a day, a region and a service.
    DerivedSha256,
}

impl Algorithm {
    const ALL: [Self; 3] = [Self::Sha256, Self::Sm3, Self::DerivedSha256];

    /// The name in the `Authorization` header.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "SDK-HMAC-SHA256",
            Self::Sm3 => "SDK-HMAC-SM3",
            Self::DerivedSha256 => "V11-HMAC-SHA256",
        }
    }

    /// The algorithm with this name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }

    /// The header whose value stands for the payload's hash.
    pub(super) const fn payload_header(self) -> &'static str {
        match self {
            Self::Sha256 | Self::DerivedSha256 => "x-sdk-content-sha256",
            Self::Sm3 => "x-sdk-content-sm3",
        }
    }

    /// The hash of some bytes, in hexadecimal.
    pub(super) fn hash(self, bytes: &[u8]) -> String {
        match self {
            Self::Sha256 | Self::DerivedSha256 => digits(&Sha256::digest(bytes)),
            Self::Sm3 => digits(&Sm3::digest(bytes)),
        }
    }

    /// Verifies a signature, in constant time. `scope` is the day, region and service of a derived key.
    pub(super) fn verify(self, ak: &str, sk: &str, scope: &str, text: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Sha256 => is_signed::<Hmac<Sha256>>(sk.as_bytes(), text, signature),
            Self::Sm3 => is_signed::<Hmac<Sm3>>(sk.as_bytes(), text, signature),
            Self::DerivedSha256 => {
                let mut key = [0; 32];
                let derived =
                    Hkdf::<Sha256>::new(Some(ak.as_bytes()), sk.as_bytes()).expand(scope.as_bytes(), &mut key);
                derived.is_ok() && is_signed::<Hmac<Sha256>>(digits(&key).as_bytes(), text, signature)
            }
        }
    }
}

/// In hexadecimal: `hex::encode` makes a string of it digit by digit, which takes several times as long.
fn digits(bytes: &[u8]) -> String {
    let mut digits = vec![0; bytes.len() * 2];
    hex::encode_to_slice(bytes, &mut digits).expect("it has two digits for each byte");
    String::from_utf8(digits).expect("digits are text")
}

fn is_signed<M: Mac + KeyInit>(key: &[u8], text: &[u8], signature: &[u8]) -> bool {
    let mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.chain_update(text).verify_slice(signature).is_ok()
}
