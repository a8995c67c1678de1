//! The `Authorization` header of a signed request, and its signing algorithms.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use sm3::Sm3;

use super::SignatureError;

/// `ALGORITHM Access=AK, SignedHeaders=a;b, Signature=HEX`, or `Credential=AK/DAY/REGION/SERVICE` for `Access`.
#[derive(Debug)]
pub struct Authorization<'a> {
    pub algorithm: Algorithm,
    pub access_key: &'a str,
    /// The day, region and service that a derived key is for; empty with the others.
    pub scope: &'a str,
    pub signed_headers: &'a str,
    pub signature: Vec<u8>,
}

impl<'a> Authorization<'a> {
    /// Parses the header. `None` if its scheme is another one, such as `Bearer`.
    pub fn parse(header: &'a [u8]) -> Option<Result<Self, SignatureError>> {
        let header = std::str::from_utf8(header).ok()?.trim();
        let (scheme, fields) = header.split_once(' ').unwrap_or((header, ""));
        match Algorithm::parse(scheme) {
            Some(algorithm) => Some(Self::parse_fields(algorithm, fields)),
            None if is_sdk_scheme(scheme) => Some(Err(SignatureError::UnknownAlgorithm(scheme.to_owned()))),
            None => None,
        }
    }

    fn parse_fields(algorithm: Algorithm, fields: &'a str) -> Result<Self, SignatureError> {
        let mut found = [Field::Missing; NAMES.len()];
        for (name, value) in fields.split(',').filter_map(|field| field.trim().split_once('=')) {
            if let Some(place) = NAMES.iter().position(|known| *known == name) {
                found[place] = match found[place] {
                    Field::Missing if !value.is_empty() => Field::Given(value),
                    _ => Field::Malformed,
                };
            }
        }
        let field = |place: usize| match found[place] {
            Field::Given(value) => Ok(value),
            Field::Malformed => Err(SignatureError::Malformed(NAMES[place])),
            Field::Missing => Err(SignatureError::Missing(NAMES[place])),
        };
        let (access_key, scope) = match algorithm {
            Algorithm::DerivedSha256 => {
                field(CREDENTIAL)?.split_once('/').ok_or(SignatureError::Malformed(NAMES[CREDENTIAL]))?
            }
            Algorithm::Sha256 | Algorithm::Sm3 => (field(ACCESS)?, ""),
        };
        let digits = field(SIGNATURE)?;
        let mut signature = vec![0; digits.len() / 2];
        hex::decode_to_slice(digits, &mut signature).map_err(|_| SignatureError::Malformed(NAMES[SIGNATURE]))?;
        Ok(Self { algorithm, access_key, scope, signed_headers: field(SIGNED_HEADERS)?, signature })
    }
}

/// The fields of the header, and their indexes in the list.
const NAMES: [&str; 4] = ["Access", "Credential", "SignedHeaders", "Signature"];
const ACCESS: usize = 0;
const CREDENTIAL: usize = 1;
const SIGNED_HEADERS: usize = 2;
const SIGNATURE: usize = 3;

#[derive(Clone, Copy)]
enum Field<'a> {
    Missing,
    Given(&'a str),
    /// Empty or repeated.
    Malformed,
}

/// The names of all algorithms of the official SDKs begin with `SDK-` or `V11-`.
fn is_sdk_scheme(scheme: &str) -> bool {
    scheme.starts_with("SDK-") || scheme.starts_with("V11-")
}

/// A signing algorithm of the official SDKs that needs only the secret key to verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
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
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "SDK-HMAC-SHA256",
            Self::Sm3 => "SDK-HMAC-SM3",
            Self::DerivedSha256 => "V11-HMAC-SHA256",
        }
    }

    /// The algorithm with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }

    /// The header that may give the payload's hash.
    pub const fn payload_header(self) -> &'static str {
        match self {
            Self::Sha256 | Self::DerivedSha256 => "x-sdk-content-sha256",
            Self::Sm3 => "x-sdk-content-sm3",
        }
    }

    /// The hash of some bytes, in hexadecimal.
    pub fn hash(self, bytes: &[u8]) -> String {
        match self {
            Self::Sha256 | Self::DerivedSha256 => digits(&Sha256::digest(bytes)),
            Self::Sm3 => digits(&Sm3::digest(bytes)),
        }
    }

    /// Verifies a signature, in constant time. `scope` is the day, region and service of a derived key.
    pub fn verify(self, ak: &str, sk: &str, scope: &str, text: &[u8], signature: &[u8]) -> bool {
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

/// Bytes in hexadecimal. `hex::encode` takes several times as long, since it pushes single characters.
fn digits(bytes: &[u8]) -> String {
    let mut digits = vec![0; bytes.len() * 2];
    hex::encode_to_slice(bytes, &mut digits).expect("the buffer has two digits for each byte");
    String::from_utf8(digits).expect("hexadecimal digits are UTF-8")
}

fn is_signed<M: Mac + KeyInit>(key: &[u8], text: &[u8], signature: &[u8]) -> bool {
    let mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.chain_update(text).verify_slice(signature).is_ok()
}
