//! The simulated API, as a client sees it.

mod authentication;
mod concurrency;
mod customers;
mod directory;
mod enterprise;
mod gateway;
mod iam;
mod outcomes;
mod parameters;
mod pictures;
mod review_result;
mod rules;
mod scripted;
