//! The tests of the simulator, through its doors: the router as a client sees it, and the binary as a user does.

mod architecture;
mod bodies;
mod callers;
mod command;
mod directory;
mod explain;
mod faults;
mod fixtures;
mod iam;
mod journal;
mod limits;
mod lockout;
mod parameters;
mod pictures;
mod process;
mod races;
mod readme;
mod rules;
mod scripted;
mod sdk;
mod service;
mod signing;
mod spaces;
mod store;
mod time;
mod verify;
