//! The simulated service as plain values and pure functions: no HTTP, no locks, no clock, no files, nothing asynchronous.
//!
//! `catalog`, `certificate`, `parameter`, `check` and `rules` are the API's page as tables; `application` is
//! a well-formed request; `decision` applies the rules to a case; `world` is what a service starts from.

pub mod account;
pub mod application;
pub mod bucket;
pub mod catalog;
pub mod certificate;
pub mod checks;
pub mod credentials;
pub mod gateway;
pub mod rules;
pub mod scripted;
pub mod settings;
pub mod world;
