//! The gateway in front of the API: spaces, limits, callers, and the gateway's own errors. What is behind it knows only
//! "this partner, in this era".

mod admission;
mod body;
mod caller;
mod fault;
mod head;
mod signature;
mod space;

pub(super) use admission::{Admission, Arrival};
pub(super) use body::read as read_body;
pub(super) use caller::{Unauthenticated, authenticate, by_token};
pub(super) use fault::{Broken, strike};
pub(super) use head::HeadSize;
pub(super) use space::{X_SIM_SPACE, find as find_space};
