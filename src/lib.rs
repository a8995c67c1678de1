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
//! # How it is built
//!
//! The rest is for contributors. Each folder of `src` is a layer, and dependencies point one way:
//! `main -> cli -> http -> simulator -> pictures -> domain`, `embedded -> http`, and `fixture -> domain`.
//!
//! | layer | is |
//! |---|---|
//! | `domain` | the simulated service as values and pure functions. The API's page is here as tables: error codes and check items, certificate types, parameters, the checks before the rules, and the rules |
//! | `pictures` | reads the pictures of an application: from a directory, or from an S3-compatible bucket |
//! | `simulator` | all mutable state. A simulator has spaces; a space has a clock, a script, a journal, and the state of its customers and certificates since its last reset |
//! | `fixture` | reads scenario files into a `World`, and writes a `World` as a file; the built-in scenarios |
//! | `http` | the axum router, its layers, and the server: the simulated API (`bss`), IAM (`iam`) and the control API (`control`) |
//! | `embedded` | the library's API |
//! | `cli` | the program's commands, with the feature `cli` |
//!
//! # The life of an application
//!
//! 1. `http/record.rs`, a tower layer around the router, gives the request an ID and finds its space.
//! 2. The axum router calls the handler, `submit` in `http/bss/individual.rs`.
//! 3. Its extractor, `PartnerRequest` in `http/extract.rs`, reads the body, authenticates the caller, and lets only partners
//!    pass.
//! 4. The handler parses the body into an `Application`, and calls `submit` of the space's state.
//! 5. `submit` looks for a scripted answer. If there is none, it reads the pictures (the only `.await`), locks the customer
//!    and the certificate, applies the rules, and commits.
//! 6. The handler returns an `Outcome` or an `ApiError`. Both are `IntoResponse`, and carry what an explanation needs.
//! 7. The record layer makes the response (`http/response.rs`), logs and counts it, and adds an entry to the journal.
//! 8. Last come the delay and the fault of a scripted answer (`http/fault.rs`).
//!
//! # Where a new thing goes
//!
//! | a new | is |
//! |---|---|
//! | business rule | a row of the table in `domain/rules.rs` |
//! | error code or check item | a row of the tables in `domain/catalog.rs` |
//! | certificate type | a row of the table in `domain/certificate.rs` |
//! | situation | a file in `fixtures/scenarios`, and its name in `fixture/library.rs` |
//! | fixture key | a field in `fixture/spec.rs`, and its conversion in `fixture/convert.rs` |
//! | endpoint | a file in `http/bss` with its route in `mod.rs`, a row of `ENDPOINTS` in `http/mod.rs`, and its description in `http/openapi/api.rs` |
//! | control route | a handler in `http/control`, and its row in `mod.rs` |
//! | command | a file in `cli`, and its variant in `cli/mod.rs` |
//! | flag | a field of its command |
//! | function for Rust tests | a method of `Space`, with an example |

#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod domain;
mod embedded;
#[doc(hidden)]
pub mod fixture;
#[doc(hidden)]
pub mod http;
#[doc(hidden)]
pub mod pictures;
#[doc(hidden)]
pub mod simulator;

pub use domain::account::{Customer, Partner, RealNameStatus};
pub use domain::certificate::Certificate;
pub use domain::scripted::Matcher;
pub use domain::settings::Settings;
pub use embedded::{Builder, Credentials, Entry, Error, Expectation, NotVerified, Scenario, Simulator, Space, World};
pub use fixture::{LoadError, Problem};

/// The types of the fields of [`Partner`], [`Customer`], [`Certificate`] and [`Settings`].
pub mod world {
    pub use crate::domain::account::{CustomerId, PartnerRealName};
    pub use crate::domain::bucket::{
        Addressing, Bucket, BucketContents, Flaw, Format, Picture, PictureFormat, RealBucket, S3Bucket, Shows,
    };
    pub use crate::domain::catalog::Review;
    pub use crate::domain::certificate::Verdict;
    pub use crate::domain::credentials::{AccessKey, Credentials, Secret, User};
    pub use crate::domain::settings::{
        Authentication, Contract, IsReviewType, ParameterErrors, UnlistedCustomers, Wire,
    };
}

/// A page of the documentation, so that its Rust is run with the examples here.
#[cfg(doctest)]
#[doc = include_str!("../docs/clients.md")]
struct Clients;
