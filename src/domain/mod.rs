//! The simulated service as plain values and pure functions: no HTTP, no locks, no clock, no files, no async.
//!
//! [`catalog`], [`certificate`], [`checks`], [`gateway`] and [`rules`] are the API's page and the gateway's error table as
//! Rust tables. An [`application`] is a well-formed request; [`rules::decide`] decides on it. A [`world`] is the initial
//! state of a simulated service.

pub mod account;
pub mod application;
pub mod bucket;
pub mod catalog;
pub mod certificate;
pub mod checks;
pub mod credentials;
pub mod gateway;
pub mod rules;
pub mod scalars;
pub mod scripted;
pub mod settings;
pub mod world;
