//! The binary. All of it is in `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    bss_sim::run()
}
