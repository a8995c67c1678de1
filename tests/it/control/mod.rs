//! The control API, as a test of a client uses it.

mod accounts;
mod catalog;
mod certificates;
mod clock;
mod explain;
mod guard;
mod journal;
mod metrics;
mod openapi;
mod scripted;
mod secrets;
mod spaces;
mod stream;
mod verify;
mod world;
