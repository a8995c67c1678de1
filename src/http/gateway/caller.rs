//! Callers: who a request is from, by its token or by its signature.

use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::signature::{SignatureError, Signed};
use crate::domain::caller::Caller;
use crate::simulator::{Era, TokenError, machine_time};

const X_AUTH_TOKEN: &str = "x-auth-token";

/// Finds out who calls. A token counts before a signature (assumed: the official SDKs sign even when a token
/// header is added).
///
/// # Errors
/// What follows "Incorrect IAM authentication information: ".
pub(in crate::http) fn authenticate(era: &Era, parts: &Parts, body: &[u8]) -> Result<Caller, String> {
    if let Some(token) = parts.headers.get(X_AUTH_TOKEN).filter(|token| !token.is_empty()) {
        return by_token(era, token.as_bytes());
    }
    match Signed::parse(parts, body) {
        Some(signed) => signed.and_then(|signed| by_signature(era, &signed)).map_err(|error| error.to_string()),
        // Credentials of another kind are taken for a token, as on the real gateway.
        None if parts.headers.contains_key(AUTHORIZATION) => Err("decrypt token fail".to_owned()),
        None => Err("x-auth-token not found".to_owned()),
    }
}

fn by_token(era: &Era, token: &[u8]) -> Result<Caller, String> {
    let token = std::str::from_utf8(token).map_err(|_| "decrypt token fail")?;
    era.caller_by_token(token).map_err(|error| match error {
        TokenError::Unknown => "decrypt token fail".to_owned(),
        TokenError::Expired(at) => format!("token expires, expires_at: {at:.6}"),
    })
}

/// Verifies a signature. A key that the world lists is verified even with lenient authentication.
fn by_signature(era: &Era, signed: &Signed<'_>) -> Result<Caller, SignatureError> {
    let ak = signed.access_key();
    let directory = era.directory();
    let Some((key, caller)) = directory.access_key(ak) else {
        return era.stranger().ok_or_else(|| SignatureError::UnknownKey(ak.to_owned()));
    };
    if era.is_locked(ak) {
        return Err(SignatureError::Locked);
    }
    let verified = signed.verify(key, machine_time());
    match verified {
        Ok(()) => {
            era.note_signature(ak, true);
            Ok(caller.clone())
        }
        // The failure that is one too many is answered as all after it (assumed).
        Err(SignatureError::Mismatch(_)) if era.note_signature(ak, false) => Err(SignatureError::Locked),
        Err(error) => Err(error),
    }
}
