//! The tests of the simulator, through its doors: the router as a client sees it, and the binary as a user does.

mod architecture;
mod command;
mod process;
mod readme;
mod sdk;
mod service;
