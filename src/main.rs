//! The binary: parse the command line, run the command, turn errors into exit codes.

use std::process::ExitCode;

use bss_sim::cli::Cli;
use clap::Parser;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            error.exit_code().into()
        }
    }
}
