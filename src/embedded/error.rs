//! What can go wrong when a simulator is started or steered.

use std::{fmt, io};

use crate::fixture::{LoadError, UnknownScenario};
use crate::simulator::{ReviewError, UpdateError};

/// Why a simulator cannot be started, or not be steered so. Its `Debug` is made for `unwrap`: it is what people read.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Everything that is wrong with a fixture, each at its line and column.
    #[error(transparent)]
    Fixture(#[from] LoadError),
    /// No scenario has this name.
    #[error(transparent)]
    Scenario(#[from] UnknownScenario),
    /// What is to be added does not fit what is there.
    #[error(transparent)]
    Listing(#[from] UpdateError),
    /// The customer has no review to be decided.
    #[error(transparent)]
    Review(#[from] ReviewError),
    /// The system has no port or no thread left.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
