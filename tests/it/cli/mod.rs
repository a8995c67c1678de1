//! The program, as a user or a script runs it.

mod commands;
mod exec;
mod files;
mod help;
mod import;
mod reload;
mod serve;
mod state;
mod state_file;
