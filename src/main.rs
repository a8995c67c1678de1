//! The binary. All of it is in [`bss_sim::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    bss_sim::cli::run()
}
