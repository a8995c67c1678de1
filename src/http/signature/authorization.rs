//! The `Authorization` header of a signed request.

use super::SignatureError;
use super::algorithm::Algorithm;

/// `ALGORITHM Access=AK, SignedHeaders=a;b, Signature=HEX`, or `Credential=AK/DAY/REGION/SERVICE` for `Access`.
#[derive(Debug)]
pub(super) struct Authorization<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) access_key: &'a str,
    /// The day, region and service that a derived key is for; empty with the others.
    pub(super) scope: &'a str,
    pub(super) signed_headers: &'a str,
    pub(super) signature: Vec<u8>,
}

impl<'a> Authorization<'a> {
    /// Parses the header. `None`: it is of a foreign scheme, such as `Bearer`.
    pub(super) fn parse(header: &'a [u8]) -> Option<Result<Self, SignatureError>> {
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

/// The fields of the header, and their places in the list.
const NAMES: [&str; 4] = ["Access", "Credential", "SignedHeaders", "Signature"];
const ACCESS: usize = 0;
const CREDENTIAL: usize = 1;
const SIGNED_HEADERS: usize = 2;
const SIGNATURE: usize = 3;

#[derive(Clone, Copy)]
enum Field<'a> {
    Missing,
    Given(&'a str),
    /// Empty, or there twice.
    Malformed,
}

/// The official SDKs' algorithms are all named `SDK-…` or `V11-…`.
fn is_sdk_scheme(scheme: &str) -> bool {
    scheme.starts_with("SDK-") || scheme.starts_with("V11-")
}
