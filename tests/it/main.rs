//! The tests of the simulator from outside: by its library's router, by its ports, and by its binary.

mod api;
mod architecture;
mod cli;
mod clients;
mod control;
mod docs;
mod first;
mod fixtures;
mod library;
mod model;
mod python;
mod server;
mod support;
