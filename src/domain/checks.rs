//! The checks that a request meets before the business rules, in their order.

use crate::domain::catalog::ErrorCode;

/// One check.
#[derive(Debug)]
pub struct Check {
    /// Its name in explanations.
    pub id: &'static str,
    /// The API's error code that it refuses with; absent: an error of the gateway, or any answer of a script.
    pub refuses_with: Option<ErrorCode>,
    /// Where it comes from.
    pub citation: Citation,
}

/// The body is at most this long, in bytes: the gateway's "12 MB", read as 12 × 1024 × 1024 (assumed).
pub const MAX_BODY_BYTES: usize = 12 * 1024 * 1024;

/// The caller shows credentials that the gateway knows.
pub static AUTHENTICATED: Check = Check {
    id: "authenticated",
    refuses_with: None,
    citation: Citation::documented("This API can be invoked only by the partner account's AK/SK or token."),
};

/// IAM knows the user, the password and the account, and understands the request.
pub static IDENTITY: Check = Check {
    id: "identity",
    refuses_with: None,
    citation: Citation::assumed("IAM's own documentation: password authentication with domain scope."),
};

/// The caller is a partner, with its own credentials.
pub static CALLER_IS_PARTNER: Check = Check {
    id: "caller-is-partner",
    refuses_with: Some(ErrorCode::AccessDenied),
    citation: Citation::documented("This API can be invoked only by the partner account's AK/SK or token."),
};

/// The body is a well-formed application.
pub static PARAMETERS: Check = Check {
    id: "parameters",
    refuses_with: Some(ErrorCode::ParameterError),
    citation: Citation::documented("Request Parameters: mandatory, type, value range."),
};

/// No answer was fixed beforehand for it.
pub static SCRIPT: Check = Check {
    id: "script",
    refuses_with: None,
    citation: Citation::assumed("A scripted answer stands for what cannot be caused by a request alone."),
};

/// The simulator has no fault of its own.
pub static NO_FAULT: Check = Check {
    id: "no-internal-fault",
    refuses_with: Some(ErrorCode::OtherErrors),
    citation: Citation::assumed(
        "The page has one code for what is nobody's mistake; a fault of the simulator answers it too.",
    ),
};

/// The target and the headers are not too long.
pub static HEAD_SIZE: Check = Check {
    id: "head-size",
    refuses_with: None,
    citation: Citation::assumed(
        "The gateway's error table: a target or a header of more than 32 K, headers of more than 128 K.",
    ),
};

/// The space that the request names, or that its credential was made for, exists.
pub static SPACE: Check = Check {
    id: "space-known",
    refuses_with: None,
    citation: Citation::assumed("Spaces are the simulator's own; whoever calls for one that is gone is told so."),
};

/// The path is one of the API's.
pub static PATH_KNOWN: Check = Check {
    id: "path-known",
    refuses_with: None,
    citation: Citation::assumed("The gateway's error table: APIGW.0101."),
};

/// The method is one of the path's.
pub static METHOD_KNOWN: Check = Check {
    id: "method-known",
    refuses_with: None,
    citation: Citation::assumed("The gateway's error table: APIGW.0101."),
};

/// The body is not too long.
pub static BODY_SIZE: Check = Check {
    id: "body-size",
    refuses_with: None,
    citation: Citation::assumed("The gateway's error table: a body of more than 12 MB."),
};

/// Every check before the rules, in the order in which a request meets them; the last can strike anywhere.
pub static CHECKS: [&Check; 10] = [
    &HEAD_SIZE,
    &SPACE,
    &PATH_KNOWN,
    &METHOD_KNOWN,
    &BODY_SIZE,
    &AUTHENTICATED,
    &CALLER_IS_PARTNER,
    &PARAMETERS,
    &SCRIPT,
    &NO_FAULT,
];

/// How well founded a behaviour is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The API's page says so.
    Documented,
    /// The page is silent or contradicts itself; we chose.
    Assumed,
}

impl Basis {
    /// The word used in explanations, tables and the README.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Assumed => "assumed",
        }
    }
}

/// A basis together with the page's words or with our reason.
#[derive(Clone, Copy, Debug)]
pub struct Citation {
    /// Documented or assumed.
    pub basis: Basis,
    /// The page's words when documented, our reason when assumed.
    pub source: &'static str,
}

impl Citation {
    /// A behaviour that the page describes, with the page's words.
    pub const fn documented(source: &'static str) -> Self {
        Self { basis: Basis::Documented, source }
    }

    /// A behaviour that we chose, with the reason.
    pub const fn assumed(source: &'static str) -> Self {
        Self { basis: Basis::Assumed, source }
    }
}
