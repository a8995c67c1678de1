//! The settings of a world: how the simulated service is configured and which readings of the page it follows.

use std::time::Duration;

use super::catalog::Review;

/// Which dated edition of the page is followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Contract {
    /// The page of 2023-03.
    #[default]
    March2023,
    /// The API definition of 2026-01: certificate types 0 and 7 are gone.
    January2026,
}

/// Who is let in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Authentication {
    /// Only the credentials that the world lists.
    #[default]
    Strict,
    /// Also any credential that it does not list: as the first partner.
    Lenient,
}

/// What becomes of a customer whose id the world does not list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnlistedCustomers {
    /// Applying for it is refused.
    #[default]
    Refuse,
    /// It is taken for a new customer of the caller.
    Adopt,
}

/// The JSON type of `is_review`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IsReviewType {
    /// `1`, as the page's table and every official SDK declare it.
    #[default]
    Integer,
    /// `"1"`, as the page's example prints it.
    String,
}

/// The `error_msg` of `CBC.0100`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ParameterErrors {
    /// The page's description.
    #[default]
    Documented,
    /// The field and what is wrong with it, as the real service answers for its other APIs.
    Named,
}

/// Choices between two readings of what goes over the wire.
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
    /// Who is let in.
    pub authentication: Authentication,
    /// Whether an accepted application is still reviewed by a person.
    pub review: Review,
    /// After this time a manual review is approved by itself.
    pub review_after: Option<Duration>,
    /// How many applications one customer may make.
    pub attempts_per_customer: u32,
    /// How many customers may hold one certificate.
    pub customers_per_certificate: u32,
    /// What becomes of unknown customer ids.
    pub unlisted_customers: UnlistedCustomers,
    /// What goes over the wire where the page can be read in two ways.
    pub wire: Wire,
    /// Where scripted probabilities start from; the same seed gives the same run.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            contract: Contract::default(),
            authentication: Authentication::default(),
            review: Review::Manual,
            review_after: None,
            // Assumed: the page names the limit without its number.
            attempts_per_customer: 3,
            // The vendor's user guide: one certificate authenticates at most three accounts.
            customers_per_certificate: 3,
            unlisted_customers: UnlistedCustomers::default(),
            wire: Wire::default(),
            seed: 0,
        }
    }
}
