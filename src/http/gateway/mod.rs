//! The gateway in front of the API: request ids, limits, callers, and the gateway's own errors. What is
//! behind it knows only "this partner".

mod admission;
mod body;
mod caller;
mod door;
mod signature;

pub(super) use admission::Admission;
pub(super) use body::read as read_body;
pub(super) use caller::authenticate;
pub(super) use door::{door, fault, unknown_method, unknown_path};
