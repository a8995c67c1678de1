//! The simulator inside a Rust test: the public API of the library. The documentation of the crate describes its use.
//!
//! No call waits for the simulator, so that all of them can be used in a `#[test]` and in a `#[tokio::test]`. Only what is
//! expected `within` a time is waited for.

mod journal;
mod scenario;
mod simulator;
mod space;

pub use self::journal::{Entry, Expectation};
pub use self::scenario::{Scenario, World};
pub use self::simulator::{Builder, Error, Simulator};
pub use self::space::{Credentials, Space};
pub use crate::http::{Coverage, CoveredOutcome, NotVerified};
