//! Callers: who a request is from, by its token or by its signature.

use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::signature::{SignatureError, Signed};
use super::space::X_AUTH_TOKEN;
use crate::domain::account::Caller;
use crate::simulator::{SpaceState, TokenError, machine_time};

/// Why a caller is nobody that the gateway knows.
pub(in crate::http) struct Unauthenticated {
    /// What follows "Incorrect IAM authentication information: ".
    pub(in crate::http) detail: String,
    /// What was compared, where that says more.
    pub(in crate::http) saw: Option<String>,
}

impl From<&str> for Unauthenticated {
    fn from(detail: &str) -> Self {
        Self { detail: detail.to_owned(), saw: None }
    }
}

impl From<SignatureError> for Unauthenticated {
    fn from(error: SignatureError) -> Self {
        Self { detail: error.to_string(), saw: error.saw() }
    }
}

/// Finds out who calls. A token counts before a signature (assumed: the official SDKs sign even when a token
/// header is added).
///
/// # Errors
/// Why it is nobody.
pub(in crate::http) fn authenticate(state: &SpaceState, parts: &Parts, body: &[u8]) -> Result<Caller, Unauthenticated> {
    if let Some(token) = parts.headers.get(&X_AUTH_TOKEN).filter(|token| !token.is_empty()) {
        return by_token(state, token.as_bytes());
    }
    match Signed::parse(parts, body) {
        Some(signed) => Ok(signed.and_then(|signed| by_signature(state, &signed))?),
        // Credentials of another kind are taken for a token, as on the real gateway.
        None if parts.headers.contains_key(AUTHORIZATION) => Err("decrypt token fail".into()),
        None => Err("x-auth-token not found".into()),
    }
}

/// Finds out whose token this is.
///
/// # Errors
/// Why it is nobody's.
pub(in crate::http) fn by_token(state: &SpaceState, token: &[u8]) -> Result<Caller, Unauthenticated> {
    let token = std::str::from_utf8(token).map_err(|_| "decrypt token fail")?;
    state.caller_by_token(token).map_err(|error| match error {
        TokenError::Unknown => "decrypt token fail".into(),
        TokenError::Expired(at) => format!("token expires, expires_at: {at:.6}").as_str().into(),
    })
}

/// Verifies a signature. A key that the world lists is verified even with lenient authentication.
fn by_signature(state: &SpaceState, signed: &Signed<'_>) -> Result<Caller, SignatureError> {
    let ak = signed.access_key();
    let accounts = state.accounts();
    let Some((key, caller)) = accounts.access_key(ak) else {
        return state.lenient_caller().ok_or_else(|| SignatureError::UnknownKey(ak.to_owned()));
    };
    if state.is_locked(ak) {
        return Err(SignatureError::Locked);
    }
    let verified = signed.verify(key, machine_time());
    match verified {
        Ok(()) => {
            state.note_signature(ak, true);
            Ok(caller.clone())
        }
        // The failure that is one too many is answered as all after it (assumed).
        Err(SignatureError::Mismatch { .. }) if state.note_signature(ak, false) => Err(SignatureError::Locked),
        Err(error) => Err(error),
    }
}
