//! The settings of a world: how the simulated service is configured, and which reading of the page it follows.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::catalog::Review;

/// The dated edition of the page to follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Contract {
    /// The page of 2023-03.
    #[default]
    #[serde(rename = "2023-03")]
    March2023,
    /// The API definition of 2026-01: certificate types 0 and 7 are gone.
    #[serde(rename = "2026-01")]
    January2026,
}

/// Which credentials are accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Authentication {
    /// Only those that the world lists.
    #[default]
    Strict,
    /// Any. Unlisted ones authenticate as the first partner.
    Lenient,
}

/// How an application for an unlisted customer is treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum UnlistedCustomers {
    /// It is refused.
    #[default]
    Refuse,
    /// The customer becomes a new customer of the caller.
    Adopt,
}

/// The JSON type of `is_review`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum IsReviewType {
    /// `1`, as the page's table and every official SDK declare it.
    #[default]
    Integer,
    /// `"1"`, as the page's example prints it.
    String,
}

/// The `error_msg` of `CBC.0100`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum ParameterErrors {
    /// The page's description.
    #[default]
    Documented,
    /// The field and its problem, as the real service answers for its other APIs.
    Named,
}

/// What goes over the wire where the page can be read in two ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wire {
    /// The JSON type of `is_review`.
    pub is_review: IsReviewType,
    /// The text of parameter errors.
    pub parameter_errors: ParameterErrors,
}

/// The settings of a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The edition of the page.
    pub contract: Contract,
    /// Which credentials are accepted.
    pub authentication: Authentication,
    /// Whether a person reviews accepted applications.
    pub review: Review,
    /// A manual review is approved automatically after this time.
    pub review_after: Option<Duration>,
    /// How many applications one customer may make.
    pub attempts_per_customer: u32,
    /// How many customers may hold one certificate.
    pub customers_per_certificate: u32,
    /// How applications for unlisted customers are treated.
    pub unlisted_customers: UnlistedCustomers,
    /// What goes over the wire where the page can be read in two ways.
    pub wire: Wire,
    /// The seed of scripted probabilities: the same seed gives the same run.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            contract: Contract::default(),
            authentication: Authentication::default(),
            review: Review::Manual,
            review_after: None,
            // Assumed: the page mentions the limit but no number.
            attempts_per_customer: 3,
            // The vendor's user guide: one certificate authenticates at most three accounts.
            customers_per_certificate: 3,
            unlisted_customers: UnlistedCustomers::default(),
            wire: Wire::default(),
            seed: 0,
        }
    }
}
