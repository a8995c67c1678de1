//! The simulator: the only owner of state. It knows nothing about HTTP or files.
//!
//! [`Spaces`] are all spaces of a simulator. A [`Space`] is one isolated world. Its [`SpaceState`] is that world with
//! everything that has happened in it; a reset replaces the state.

mod accounts;
mod authentication;
mod clock;
mod journal;
mod metrics;
mod outcome;
mod registration;
mod saved;
mod script;
mod space_id;
mod spaces;
mod state;
mod store;
mod submit;

pub use accounts::UpdateError;
pub use authentication::{Failures, TokenError, TokenOwner};
pub use clock::{Clock, ClockLimit, Reading, machine_time};
pub use journal::{JournalEntry, JournalLimits, News, Position, RecordedRequest};
pub use metrics::{Leftover, OutcomeCoverage, UnexpectedRequest};
pub use outcome::{ApiError, Change, Detail, IamAnswer, Outcome, Ruled, ScriptedOutcome};
pub use registration::{Mailbox, NewAccount};
pub use saved::{SavedCertificate, SavedCustomer, SavedSpace, SavedState};
pub use script::{ScriptUse, ScriptedUses};
pub use space_id::{SimulatorName, SpaceId};
pub use spaces::{MAX_SPACES, Shared, Space, Spaces, with_credentials};
pub use state::SpaceState;
pub use submit::ReviewError;
