//! The `Authorization` header of a signed request.

use super::SignatureError;
use super::algorithm::Algorithm;
use crate::domain::excerpt;

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
        match scheme.parse() {
            Ok(algorithm) => Some(Self::parse_fields(algorithm, fields)),
            // The names of all algorithms of the official SDKs begin so.
            Err(_) if scheme.starts_with("SDK-") || scheme.starts_with("V11-") => {
                Some(Err(SignatureError::UnknownAlgorithm(excerpt(scheme).into_owned())))
            }
            Err(_) => None,
        }
    }

    fn parse_fields(algorithm: Algorithm, fields: &'a str) -> Result<Self, SignatureError> {
        let field = |name| field(fields, name);
        let (access_key, scope) = match algorithm {
            Algorithm::DerivedSha256 => {
                field("Credential")?.split_once('/').ok_or(SignatureError::Malformed("Credential"))?
            }
            _ => (field("Access")?, ""),
        };
        let digits = field("Signature")?;
        let mut signature = vec![0; digits.len() / 2];
        hex::decode_to_slice(digits, &mut signature).map_err(|_| SignatureError::Malformed("Signature"))?;
        let signed_headers = field("SignedHeaders")?;
        // A name that is repeated would repeat its values in the canonical request.
        if has_repeated(signed_headers) {
            return Err(SignatureError::Malformed("SignedHeaders"));
        }
        Ok(Self { algorithm, access_key, scope, signed_headers, signature })
    }
}

/// Returns the access key that a header names, with any algorithm.
pub fn access_key(header: &[u8]) -> Option<&str> {
    let (_, fields) = std::str::from_utf8(header).ok()?.trim().split_once(' ')?;
    let derived = || field(fields, "Credential").ok()?.split_once('/').map(|(access_key, _)| access_key);
    field(fields, "Access").ok().or_else(derived)
}

fn field<'a>(fields: &'a str, name: &'static str) -> Result<&'a str, SignatureError> {
    let fields = fields.split(',').filter_map(|field| field.trim().split_once('='));
    let mut values = fields.filter(|(given, _)| *given == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (None, _) => Err(SignatureError::Missing(name)),
        (Some(value), None) if !value.is_empty() => Ok(value),
        _ => Err(SignatureError::Malformed(name)),
    }
}

/// Returns true if a list of names has one twice, in any case.
fn has_repeated(names: &str) -> bool {
    // SDKs sort them, in lower case.
    if names.split(';').is_sorted_by(|one, next| one < next) && !names.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return false;
    }
    let mut names: Vec<_> = names.split(';').map(str::to_ascii_lowercase).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}
