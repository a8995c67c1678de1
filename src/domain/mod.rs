//! The simulated service as plain values and pure functions: no HTTP, no locks, no clock, no files, nothing asynchronous.
//!
//! `catalog`, `certificate`, `parameter`, `check` and `rules` are the API's page as tables; `application` is
//! a well-formed request; `decision` applies the rules to a case; `world` is what a service starts from.

pub mod application;
pub mod attachment;
pub mod bucket;
pub mod caller;
pub mod catalog;
pub mod certificate;
pub mod check;
pub mod citation;
pub mod credential;
pub mod customer;
pub mod decision;
pub mod directory;
pub mod fault;
pub mod gateway;
mod hashed;
pub mod matcher;
pub mod parameter;
pub mod partner;
pub mod rules;
pub mod script;
pub mod settings;
pub mod small_set;
pub mod world;
