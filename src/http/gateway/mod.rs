//! The gateway in front of the API: spaces, request IDs, limits, callers, and the gateway's own errors. What is behind it
//! knows only "this partner, in this era".

mod admission;
mod body;
mod caller;
mod door;
mod fault;
mod signature;
mod space;

pub(super) use admission::Admission;
pub(super) use body::read as read_body;
pub(super) use caller::{Unauthenticated, authenticate, by_token};
pub(super) use door::{door, panicked, unknown_method, unknown_path};
pub(super) use fault::Broken;
pub(super) use space::{X_SIM_SPACE, present};
