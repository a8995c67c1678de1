//! A simulator of Huawei Cloud BSS "Requesting an Individual Real-Name Authentication".
//!
//! # Layout
//!
//! Arrows point one way: `command -> http -> simulator -> bucket -> domain`, and `fixture -> domain`.
//!
//! * [`domain`]: the simulated service as plain values and pure functions. The API's page lives here as tables: error
//!   codes and check items, certificate types, parameters, the checks before the rules, and the rules.
//! * [`simulator`]: the only keeper of state. A space is one isolated world; its era is all that has happened in it since
//!   it last began. The journal and the explanations are here too.
//! * [`bucket`]: looks at the pictures of an application: in a directory, or in a bucket that speaks S3.
//! * [`fixture`]: scenario files, read with every mistake told at its place, and the built-in scenarios.
//! * [`http`]: the gateway, the simulated API behind it, and the simulator's own API beside it.
//! * `command`: the command line, with the feature `cli`.
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
//! | endpoint | a file below `http/bss` whose path is the URL, and its row and arm in `http/routes.rs` |
//! | control route | a file below `http/control`, and its route |
//! | flag | a field of its command |

pub mod bucket;
#[cfg(feature = "cli")]
pub mod command;
pub mod domain;
pub mod fixture;
pub mod http;
pub mod simulator;
