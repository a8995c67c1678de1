//! A simulator of Huawei Cloud BSS "Requesting an Individual Real-Name Authentication", for tests of partner clients.
//!
//! `bss-sim` is a program and a library. This is the library: a simulator inside a Rust test.
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
//! // The client under test comes here. It needs no more than the URL and the credentials.
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
//! * [`Simulator`] listens on a free port of the loopback interface. [`Builder`] configures it.
//! * [`Space`] is an isolated world: script, clock, reviews, journal and expectations. A simulator has one of its own, and
//!   one for each test that shares it.
//! * [`Scenario`] is what a space starts from: a built-in scenario, a file, a text, a [`serde_json::Value`], or a [`World`]
//!   that is built in code.
//! * [`Expectation`] is what the journal should have, and [`NotVerified`] says why it does not. [`Entry`] is what it has.
//!
//! No call blocks on the simulator, so that all of them can be used in a `#[test]` and in a `#[tokio::test]`. Simulators of
//! one process share nothing, and none changes what is global to the process, such as its log or its panic hook.
//!
//! Tests do without the feature `cli`, which is on by default, and thus without the dependencies of the program:
//!
//! ```toml
//! [dev-dependencies]
//! bss-sim = { path = "../bss-sim", default-features = false }
//! ```
//!
//! In the repository, `docs/clients.md` shows more uses, `examples` has whole programs, and `CONTRIBUTING.md` and
//! `docs/architecture.md` are for those who change the simulator.

#![cfg_attr(
    not(feature = "cli"),
    expect(dead_code, unused_imports, reason = "the program uses more of the modules than a Rust test does")
)]

#[cfg(feature = "cli")]
mod cli;
mod domain;
mod embedded;
mod fixture;
mod http;
#[cfg(feature = "cli")]
mod import;
mod pictures;
mod simulator;
#[cfg(feature = "cli")]
mod state_file;

#[cfg(feature = "cli")]
#[doc(hidden)]
pub use cli::run;
pub use domain::{Certificate, Customer, Matcher, Partner, RealNameStatus, Settings};
pub use embedded::{
    Builder, Coverage, CoveredOutcome, Credentials, Entry, Error, Expectation, NotVerified, Scenario, Simulator, Space,
    World,
};
pub use fixture::{LoadError, Problem};

/// The types of the fields of [`Partner`], [`Customer`], [`Certificate`] and [`Settings`].
pub mod world {
    pub use crate::domain::{
        AccessKey, Addressing, Authentication, Bucket, BucketContents, Contract, Credentials, CustomerId, Flaw, Format,
        IsReviewType, Messages, ParameterErrors, PartnerRealName, Picture, PictureFormat, RealBucket, Review, S3Bucket,
        Secret, Shows, UnlistedCustomers, User, Verdict, Wire,
    };
}

/// A page of the documentation, so that its Rust is run with the examples here.
#[cfg(doctest)]
#[doc = include_str!("../docs/clients.md")]
struct Clients;
