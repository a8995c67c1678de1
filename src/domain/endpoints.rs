//! The simulated endpoints: how each is called, and what a script may answer in its place.

use crate::domain::application::Parameter;

/// A simulated endpoint.
#[derive(Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub method: &'static str,
    pub path: &'static str,
    pub scriptable: Scriptable,
}

/// What a script may answer at an endpoint. Each kind includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scriptable {
    /// What stands in front of any service: an error of the gateway, a raw answer, a fault.
    Gateway,
    /// The error codes of the API.
    ErrorCode,
    /// `is_review`.
    Review,
}

impl Endpoint {
    /// Returns true if its requests have this parameter, in the body or in the query.
    pub fn takes(&self, parameter: Parameter) -> bool {
        match self.scriptable {
            Scriptable::Gateway => false,
            Scriptable::ErrorCode => parameter == Parameter::CustomerId,
            Scriptable::Review => true,
        }
    }

    /// Returns the endpoint at a path.
    pub fn at(path: &str) -> Option<&'static Self> {
        ENDPOINTS.into_iter().find(|endpoint| endpoint.path == path)
    }
}

/// Requesting an individual real-name authentication.
pub static INDIVIDUAL: Endpoint =
    Endpoint { method: "POST", path: "/v2/customers/realname-auths/individual", scriptable: Scriptable::Review };
/// Querying the result of a review.
pub static REVIEW_RESULT: Endpoint =
    Endpoint { method: "GET", path: "/v2/customers/realname-auths/result", scriptable: Scriptable::ErrorCode };
/// IAM's list of the caller's accounts.
pub static DOMAINS: Endpoint = Endpoint { method: "GET", path: "/v3/auth/domains", scriptable: Scriptable::Gateway };
/// IAM's login.
pub static TOKENS: Endpoint = Endpoint { method: "POST", path: "/v3/auth/tokens", scriptable: Scriptable::Gateway };

/// Every endpoint, in the order in which the documents list them.
pub static ENDPOINTS: [&Endpoint; 4] = [&INDIVIDUAL, &REVIEW_RESULT, &DOMAINS, &TOKENS];
