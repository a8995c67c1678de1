//! `GET /_sim/verification-codes`: the codes that were sent, for a test that has no mailbox.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::error::{ControlError, MALFORMED};
use super::extract::InSpace;
use crate::domain::VerificationCode;
use crate::http::openapi::{Describe, OperationWriter};

/// Whose codes to answer.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct CodeFilter {
    /// Only the code of this mail address.
    email: Option<String>,
    /// `InSpace` reads it.
    #[serde(rename = "space")]
    #[schemars(skip)]
    _space: Option<IgnoredAny>,
}

impl<S: Send + Sync> FromRequestParts<S> for CodeFilter {
    type Rejection = ControlError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ControlError> {
        let filter: Result<Query<Self>, QueryRejection> = Query::from_request_parts(parts, state).await;
        filter.map(|Query(filter)| filter).map_err(|rejection| ControlError::malformed(rejection.body_text()))
    }
}

impl Describe for CodeFilter {
    fn describe(operation: &mut OperationWriter<'_>) {
        Query::<Self>::describe(operation);
        operation.error(MALFORMED);
    }
}

/// The latest code of each mail address, in the order of the addresses.
#[derive(Serialize, JsonSchema)]
pub struct CodeList {
    codes: Vec<CodeView>,
}

/// A verification code.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct CodeView {
    /// The mail address.
    email: String,
    /// The code.
    code: String,
    /// Until when it is valid, by the clock of the space.
    #[schemars(extend("format" = "date-time"))]
    expires_at: String,
    /// How many wrong tries it still bears.
    tries_left: u32,
}

pub async fn list(InSpace(space): InSpace, mailbox: CodeFilter) -> Json<CodeList> {
    let codes = space.state().verification_codes.list();
    let is_meant =
        |(email, _): &(Box<str>, VerificationCode)| mailbox.email.as_ref().is_none_or(|wanted| **wanted == **email);
    let codes = codes.into_iter().filter(is_meant).map(|(email, VerificationCode { code, expires_at, tries_left })| {
        CodeView { email: email.into(), code: code.into(), expires_at: format!("{expires_at:.3}"), tries_left }
    });
    Json(CodeList { codes: codes.collect() })
}
