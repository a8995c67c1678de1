//! The simulated endpoints: how each is called, and what a script may answer in its place.

use std::sync::LazyLock;

use crate::domain::application::{
    APPLICATION, ApplicationKind, CHANGE_APPLICATION, CUSTOMER_ID, ENTERPRISE_APPLICATION, INDIVIDUAL_APPLICATION,
};
use crate::domain::parameters::{Parameter, ParameterTable};
use crate::domain::rules::{Condition, OWNERSHIP};
use crate::domain::{customer_query, enterprise, registration};

/// A simulated endpoint.
#[derive(Debug)]
pub struct Endpoint {
    pub method: &'static str,
    pub path: &'static str,
    pub scriptable: Scriptable,
    /// The parameters: of the body, or of the query if it is a GET. Empty if scripts cannot look at them.
    pub parameters: ParameterTable,
    /// What is applied for, if it takes applications.
    pub application: Option<&'static ApplicationKind>,
    /// What must hold for a well-formed request, in order. An application has rules instead.
    pub conditions: &'static [Condition],
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

impl PartialEq for Endpoint {
    fn eq(&self, other: &Self) -> bool {
        (self.method, self.path) == (other.method, other.path)
    }
}

impl Endpoint {
    /// Returns the parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters.iter().copied().find(|parameter| parameter.name == name)
    }

    /// Returns true if it is one of the API, and not of what stands before it.
    pub fn is_of_api(&self) -> bool {
        self.scriptable > Scriptable::Gateway
    }

    /// Returns what must hold for a well-formed request, in order.
    pub fn conditions(&self) -> Vec<Condition> {
        let of_application = self.application.into_iter().flat_map(ApplicationKind::conditions);
        of_application.chain(self.conditions.iter().copied()).collect()
    }

    /// Returns the endpoint of a method and a path, or else any at the path.
    pub fn at(method: &str, path: &str) -> Option<&'static Self> {
        let mut at_path = ENDPOINTS.into_iter().filter(|endpoint| endpoint.path == path);
        let any = at_path.next()?;
        if any.method == method { Some(any) } else { at_path.find(|endpoint| endpoint.method == method).or(Some(any)) }
    }
}

/// Requesting an individual real-name authentication.
pub static INDIVIDUAL: Endpoint = Endpoint {
    method: "POST",
    path: "/v2/customers/realname-auths/individual",
    scriptable: Scriptable::Review,
    parameters: APPLICATION,
    application: Some(&INDIVIDUAL_APPLICATION),
    conditions: &[],
};
/// Requesting an enterprise real-name authentication.
pub static ENTERPRISE: Endpoint = Endpoint {
    method: "POST",
    path: "/v2/customers/realname-auths/enterprise",
    scriptable: Scriptable::Review,
    parameters: enterprise::ENTERPRISE,
    application: Some(&ENTERPRISE_APPLICATION),
    conditions: &[],
};
/// Requesting a change from individual to enterprise real-name authentication.
pub static CHANGE: Endpoint = Endpoint {
    method: "PUT",
    path: "/v2/customers/realname-auths/enterprise",
    scriptable: Scriptable::Review,
    parameters: enterprise::CHANGE,
    application: Some(&CHANGE_APPLICATION),
    conditions: &[],
};
/// Querying the result of a review.
pub static REVIEW_RESULT: Endpoint = Endpoint {
    method: "GET",
    path: "/v2/customers/realname-auths/result",
    scriptable: Scriptable::ErrorCode,
    parameters: &[&CUSTOMER_ID],
    application: None,
    conditions: &OWNERSHIP,
};
/// Querying customers.
pub static LIST_CUSTOMERS: Endpoint = Endpoint {
    method: "POST",
    path: "/v2/partners/sub-customers/query",
    scriptable: Scriptable::ErrorCode,
    parameters: customer_query::PARAMETERS,
    application: None,
    conditions: &customer_query::CONDITIONS,
};
/// Creating a customer.
pub static CREATE_CUSTOMER: Endpoint = Endpoint {
    method: "POST",
    path: "/v2/partners/sub-customers",
    scriptable: Scriptable::ErrorCode,
    parameters: registration::PARAMETERS,
    application: None,
    conditions: &registration::CONDITIONS,
};
/// Verifying a customer's registration information.
pub static CHECK_IDENTITY: Endpoint = Endpoint {
    method: "POST",
    path: "/v2/partners/sub-customers/users/check-identity",
    scriptable: Scriptable::ErrorCode,
    parameters: registration::IDENTITY_PARAMETERS,
    application: None,
    conditions: &[],
};
/// Sending a verification code.
pub static SEND_CODE: Endpoint = Endpoint {
    method: "POST",
    path: "/v2/bases/verificationcode/send",
    scriptable: Scriptable::ErrorCode,
    parameters: registration::CODE_PARAMETERS,
    application: None,
    conditions: &registration::CODE_CONDITIONS,
};
/// IAM's list of the caller's accounts.
pub static DOMAINS: Endpoint = Endpoint {
    method: "GET",
    path: "/v3/auth/domains",
    scriptable: Scriptable::Gateway,
    parameters: &[],
    application: None,
    conditions: &[],
};
/// IAM's login.
pub static TOKENS: Endpoint = Endpoint {
    method: "POST",
    path: "/v3/auth/tokens",
    scriptable: Scriptable::Gateway,
    parameters: &[],
    application: None,
    conditions: &[],
};

/// Every endpoint, in the order in which the documents list them.
pub static ENDPOINTS: [&Endpoint; 10] = [
    &INDIVIDUAL,
    &ENTERPRISE,
    &CHANGE,
    &REVIEW_RESULT,
    &LIST_CUSTOMERS,
    &CREATE_CUSTOMER,
    &CHECK_IDENTITY,
    &SEND_CODE,
    &DOMAINS,
    &TOKENS,
];

/// The parameters of all endpoints, each name once.
pub static PARAMETERS: LazyLock<Vec<&'static Parameter>> = LazyLock::new(|| {
    let mut parameters = Vec::<&Parameter>::new();
    for parameter in ENDPOINTS.into_iter().flat_map(|endpoint| endpoint.parameters.iter().copied()) {
        if parameters.iter().all(|known| known.name != parameter.name) {
            parameters.push(parameter);
        }
    }
    parameters
});

#[cfg(test)]
mod tests {
    use std::mem::discriminant;

    use super::*;

    /// A condition on a parameter is read without its endpoint.
    #[test]
    fn parameters_of_one_name_have_values_of_one_type() {
        use crate::domain::parameters::Kind;
        let of_type = |kind| match kind {
            Kind::Text { .. } | Kind::Pattern { .. } => discriminant(&Kind::Text { min: 0, max: 0 }),
            Kind::Integer { .. } | Kind::Number { .. } => discriminant(&Kind::Integer { min: 0, max: 0 }),
            other => discriminant(&other),
        };
        for parameter in ENDPOINTS.into_iter().flat_map(|endpoint| endpoint.parameters) {
            let first = PARAMETERS.iter().find(|first| first.name == parameter.name).expect("each name is known");
            assert_eq!(of_type(first.kind), of_type(parameter.kind), "{}", parameter.name);
        }
    }
}
