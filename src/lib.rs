//! A simulator of Huawei Cloud BSS "Requesting an Individual Real-Name Authentication".
//!
//! It is a program, `bss-sim`, and a library for Rust tests:
//!
//! ```
//! let sim = bss_sim::Simulator::start(); // on a free port, until it is dropped
//! let partner = sim.credentials(); // a token, an access key, and whose they are
//! let client = Client::new(sim.url(), &partner.token); // the client that is to be tested
//! sim.expect(bss_sim::Expectation::exactly(1).customer_id("customer-new").status(200));
//! assert_eq!(client.authenticate("customer-new"), r#"{"is_review":1}"#);
//! # struct Client(String, String);
//! # impl Client {
//! #     fn new(url: &str, token: &str) -> Self { Self(url.to_owned(), token.to_owned()) }
//! #     fn authenticate(&self, customer: &str) -> String {
//! #         let application = serde_json::json!({
//! #             "customer_id": customer, "identify_type": 0, "verified_type": 3, "verified_file_url": ["a.jpg", "b.jpg"],
//! #             "name": "Wang Xiaoming", "verified_number": "E12345678", "xaccount_type": "***_IDP",
//! #         });
//! #         let request = ureq::post(format!("{}/v2/customers/realname-auths/individual", self.0));
//! #         let request = request.header("X-Auth-Token", &self.1).content_type("application/json");
//! #         request.send(application.to_string()).unwrap().body_mut().read_to_string().unwrap()
//! #     }
//! # }
//! ```
//!
//! [`embedded`] tells how. Without the feature `cli`, which is on by default, the library is all there is, and needs nothing
//! that only the program does:
//!
//! ```toml
//! [dev-dependencies]
//! bss-sim = { path = "../bss-sim", default-features = false }
//! ```
//!
//! What follows is the tour of the house, for those who change it.
//!
//! # Layout
//!
//! Dependencies point one way: `main -> cli -> http -> simulator -> pictures -> domain`, `embedded -> http`, and `fixture -> domain`.
//!
//! * [`domain`]: the simulated service as plain values and pure functions. The API's page lives here as tables: error
//!   codes and check items, certificate types, parameters, the checks before the rules, and the rules.
//! * [`simulator`]: the only keeper of state. A space is one isolated world; its state is all that has happened in it since
//!   it last began. The journal and the explanations are here too.
//! * [`pictures`]: looks at the pictures of an application: in a directory, or in a bucket that speaks S3.
//! * [`fixture`]: scenario files, read with every mistake told at its place, and the built-in scenarios.
//! * [`http`]: the gateway, the simulated API behind it, and the simulator's own API beside it.
//! * `cli`: the command line, with the feature `cli`.
//! * [`embedded`]: the simulator inside a Rust test.
//!
//! # The life of a request
//!
//! 1. The door finds the era that it belongs to; the routes find what answers at its path, by its method.
//! 2. The gateway's admission reads the body, finds the caller, and lets partners through.
//! 3. The body becomes a draft, and the draft an application, or a parameter error.
//! 4. The era looks for a scripted answer; else it looks at the pictures, locks the customer and the certificate,
//!    applies the rules to the case, and commits what they allow.
//! 5. The ruling becomes an answer, and the answer a response; at the door it gets its request ID, an entry in the journal and an event in the log.
//!
//! # Where a new thing goes
//!
//! | a new | is |
//! |---|---|
//! | business rule | a row of [`domain::rules::RULES`] |
//! | error code or check item | a row of [`domain::catalog`] |
//! | certificate type | a row of [`domain::certificate::CERTIFICATE_TYPES`] |
//! | situation | a file in `fixtures/scenarios` and its line in `fixture/builtin.rs` |
//! | endpoint | a file below `http/bss` whose path is the URL, its row and arm in `http/routes.rs`, and its description in `http/openapi` |
//! | control route | a file below `http/control` with its operation, and a row of its table |
//! | command | a file below `cli` with its `HELP`, and its line in `cli/mod.rs` |
//! | flag | a field of its command |
//! | thing that a Rust test can do | a method of [`Space`], with an example that runs |

#[cfg(feature = "cli")]
pub mod cli;
pub mod domain;
pub mod embedded;
pub mod fixture;
pub mod http;
pub mod pictures;
pub mod simulator;

#[doc(inline)]
pub use embedded::{
    Builder, Certificate, Credentials, Customer, Entry, Error, Expectation, LoadError, Matcher, NotVerified, Partner,
    Problem, RealNameStatus, Scenario, Settings, Simulator, Space, World,
};

/// The README, whose Rust is run with the examples of this documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
