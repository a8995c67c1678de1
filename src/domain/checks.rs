//! The checks that look at a request before the business rules, in order.

use schemars::JsonSchema;
use serde::Serialize;
use strum::IntoStaticStr;

use crate::domain::catalog::ErrorCode;

/// How well founded a behaviour is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Basis {
    /// The API's page says so.
    Documented,
    /// The page is silent or contradicts itself; we chose.
    Assumed,
}

impl Basis {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Citation {
    /// Whether the page says so, or it was chosen.
    pub basis: Basis,
    /// The page's words, or the reason of a choice.
    pub source: &'static str,
}

impl Citation {
    pub const fn documented(source: &'static str) -> Self {
        Self { basis: Basis::Documented, source }
    }

    pub const fn assumed(source: &'static str) -> Self {
        Self { basis: Basis::Assumed, source }
    }
}

/// A check of a request. Its ID names the condition that must hold.
#[derive(Debug)]
pub struct Check {
    pub id: &'static str,
    /// The API's error code if the check fails. `None` if the answer is a gateway error or a scripted answer.
    pub refuses_with: Option<ErrorCode>,
    pub citation: Citation,
}

/// Every check before the rules, in the order in which they look at a request. The last one can fail at any point.
pub static CHECKS: [&Check; 10] = [
    &HEAD_SIZE,
    &PATH_KNOWN,
    &METHOD_KNOWN,
    &BODY_SIZE,
    &SPACE,
    &AUTHENTICATED,
    &CALLER_IS_PARTNER,
    &PARAMETERS,
    &SCRIPT,
    &NO_FAULT,
];

const fn documented(id: &'static str, refuses_with: Option<ErrorCode>, source: &'static str) -> Check {
    Check { id, refuses_with, citation: Citation::documented(source) }
}

const fn assumed(id: &'static str, refuses_with: Option<ErrorCode>, source: &'static str) -> Check {
    Check { id, refuses_with, citation: Citation::assumed(source) }
}

/// The words of the page for both checks of credentials.
const PARTNERS_ONLY: &str = "This API can be invoked only by the partner account's AK/SK or token.";

/// The target and the headers are not too long.
pub static HEAD_SIZE: Check = assumed(
    "head-size",
    None,
    "The gateway's error table: a target or a header of more than 32 K, headers of more than 128 K.",
);
pub static PATH_KNOWN: Check = assumed("path-known", None, "The gateway's error table: APIGW.0101.");
/// The path supports the method.
pub static METHOD_KNOWN: Check = assumed("method-known", None, "The gateway's error table: APIGW.0101.");
/// The body is not longer than [`MAX_BODY_BYTES`](crate::domain::MAX_BODY_BYTES).
pub static BODY_SIZE: Check = assumed("body-size", None, "The gateway's error table: a body of more than 12 MB.");
/// The space exists that the request names or that its credential was made for.
pub static SPACE: Check = assumed(
    "space-known",
    None,
    "Spaces are the simulator's own: a request for one that is gone is not answered by another.",
);
pub static AUTHENTICATED: Check = documented("authenticated", None, PARTNERS_ONLY);
/// The caller has not called the path more often than `settings.quota` allows. It follows [`AUTHENTICATED`], and is listed
/// only where it refuses: most worlds have no quota.
pub static QUOTA: Check = assumed(
    "quota",
    None,
    "The gateway's error table: APIGW.0308. How many calls are allowed is the scenario's choice.",
);
/// IAM knows the user, the password and the account, and understands the request. Only requests to IAM meet this check, in
/// the place of those that follow [`AUTHENTICATED`].
pub static IDENTITY: Check =
    assumed("identity", None, "IAM's own documentation: password authentication with domain scope.");
pub static CALLER_IS_PARTNER: Check = documented("caller-is-partner", Some(ErrorCode::AccessDenied), PARTNERS_ONLY);
/// The body is a well-formed application.
pub static PARAMETERS: Check =
    documented("parameters", Some(ErrorCode::ParameterError), "Request Parameters: mandatory, type, value range.");
/// No scripted answer matches.
pub static SCRIPT: Check =
    assumed("script", None, "A scripted answer stands for what cannot be caused by a request alone.");
/// The simulator works: no handler panicked.
pub static NO_FAULT: Check = assumed(
    "no-internal-fault",
    Some(ErrorCode::OtherErrors),
    "The page's code for other errors also answers an internal fault of the simulator.",
);
