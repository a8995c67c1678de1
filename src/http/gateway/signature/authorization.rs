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
        let field = |name: &'static str| {
            let mut values = fields.split(',').filter_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='));
            match (values.next(), values.next()) {
                (Some(value), None) if !value.is_empty() => Ok(value),
                (Some(_), _) => Err(SignatureError::Malformed(name)),
                (None, _) => Err(SignatureError::Missing(name)),
            }
        };
        let (access_key, scope) = match algorithm {
            Algorithm::DerivedSha256 => {
                field("Credential")?.split_once('/').ok_or(SignatureError::Malformed("Credential"))?
            }
            Algorithm::Sha256 | Algorithm::Sm3 => (field("Access")?, ""),
        };
        let signature = hex::decode(field("Signature")?).map_err(|_| SignatureError::Malformed("Signature"))?;
        Ok(Self { algorithm, access_key, scope, signed_headers: field("SignedHeaders")?, signature })
    }
}

/// The official SDKs' algorithms are all named `SDK-…` or `V11-…`.
fn is_sdk_scheme(scheme: &str) -> bool {
    scheme.starts_with("SDK-") || scheme.starts_with("V11-")
}
