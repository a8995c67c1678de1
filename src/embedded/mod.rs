//! The simulator inside a Rust test: started, steered and asked by plain calls, and gone when the test is over.
//!
//! ```
//! use bss_sim::{Expectation, Simulator};
//! use serde_json::json;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sim = Simulator::start();
//! let partner = sim.credentials();
//! sim.expect(Expectation::exactly(1).customer_id("customer-new").status(200));
//!
//! // Here stands the client that is to be tested. It needs no more than the URL and the credentials.
//! let application = json!({
//!     "customer_id": "customer-new",
//!     "identify_type": 0,
//!     "verified_type": 3,
//!     "verified_file_url": ["passport.jpg", "in-hand.jpg"],
//!     "name": "Wang Xiaoming",
//!     "verified_number": "E12345678",
//!     "xaccount_type": partner.xaccount_type,
//! });
//! let mut answer = ureq::post(format!("{}/v2/customers/realname-auths/individual", sim.url()))
//!     .header("X-Auth-Token", &partner.token)
//!     .content_type("application/json")
//!     .send(application.to_string())?;
//!
//! assert_eq!(answer.body_mut().read_to_string()?, r#"{"is_review":1}"#);
//! # Ok(())
//! # }
//! ```
//!
//! No call waits for anything, so that all of them may be used in a `#[test]` and in a `#[tokio::test]` alike. Simulators
//! of one process have nothing in common, and none touches what is global to it: neither its log nor its panic hook.
//!
//! * [`Simulator`] listens on a free port of the loopback interface; [`Builder`] says what else it is to be.
//! * [`Space`] is what a test steers: script, clock, reviews, journal, expectations. A simulator is used as its default
//!   space, and has as many others as there are tests that share it.
//! * [`Scenario`] is what a space starts from: one that is built in, a file, a text, a [`serde_json::Value`], or a [`World`]
//!   that is written in code.
//! * [`Expectation`] is what the journal is to hold, and [`NotVerified`] says why it does not; [`Entry`] is what it holds.

mod accounts;
mod builder;
mod credentials;
mod entry;
mod error;
mod expectation;
mod scenario;
mod serving;
mod simulator;
mod space;
mod world;

pub use self::builder::Builder;
pub use self::credentials::Credentials;
pub use self::entry::Entry;
pub use self::error::Error;
pub use self::expectation::Expectation;
pub use self::scenario::Scenario;
pub use self::simulator::Simulator;
pub use self::space::Space;
pub use self::world::World;
pub use crate::domain::account::{Customer, Partner, RealNameStatus};
pub use crate::domain::certificate::Certificate;
pub use crate::domain::scripted::Matcher;
pub use crate::domain::settings::Settings;
pub use crate::fixture::{LoadError, Problem};
pub use crate::http::NotVerified;
