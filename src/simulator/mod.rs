//! The simulator: the only keeper of state. It knows nothing of HTTP and nothing of files.
//!
//! `Spaces` are what one simulator has, a `Space` has an era at a time, and an `SpaceState` is a world with all that has happened in it
//! since it began.

mod accounts;
mod authentication;
mod clock;
mod journal;
mod metrics;
mod outcome;
mod script;
mod space;
mod space_id;
mod spaces;
mod state;
mod store;
mod submit;

pub use accounts::UpdateError;
pub use authentication::{IssuedToken, TokenError};
pub use clock::{Clock, machine_time};
pub use journal::{Journal, JournalEntry, JournalLimits, RecordedRequest};
pub use metrics::{Leftover, Leftovers, Metrics, OutcomeLabels, UnexpectedRequest, UnexpectedRequests};
pub use outcome::{ApiError, Change, Detail, IamAnswer, Outcome, Reason, Submission};
pub use script::{Script, TooManyAnswers};
pub use space::Space;
pub use space_id::SpaceId;
pub use spaces::Spaces;
pub use state::SpaceState;
pub use submit::ReviewError;
