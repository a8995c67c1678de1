//! The simulator: the only keeper of state. It knows nothing of HTTP and nothing of files.
//!
//! `Spaces` are what one simulator has, a `Space` has an era at a time, and an `Era` is a world with all that has happened in it
//! since it began.

mod callers;
mod clock;
mod era;
mod explanation;
mod journal;
mod leftovers;
mod listing;
mod lockout;
mod review;
mod ruling;
mod script;
mod shared;
mod space;
mod space_id;
mod spaces;
mod store;
mod strays;
mod submission;
mod submit;
mod tally;
mod tokens;

pub use callers::TokenError;
pub use clock::{Clock, machine_time};
pub use era::Era;
pub use journal::{Asked, Entry, Journal, JournalLimits};
pub use leftovers::{Leftover, Leftovers};
pub use listing::ListingError;
pub use review::ReviewError;
pub use ruling::{Detail, Ruling};
pub use script::{Script, TooManyAnswers};
pub use space::Space;
pub use space_id::SpaceId;
pub use spaces::Spaces;
pub use strays::{Stray, Strays};
pub use submission::{Change, Reason, Submission};
pub use tally::{Kind, Tally};
pub use tokens::IssuedToken;
