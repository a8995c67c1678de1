//! `bss-sim completions`: what a shell needs in order to complete the command line.

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::{Cli, CommandError};

/// What `--help` adds.
pub(super) const HELP: &str = "\
Examples:
  # in ~/.bashrc
  eval \"$(bss-sim completions bash)\"
  # in a directory of $fpath
  bss-sim completions zsh > _bss-sim
  # in ~/.config/fish/completions
  bss-sim completions fish > bss-sim.fish";

/// For which shell.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell that is to read it.
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self) -> Result<(), CommandError> {
        // Not straight to stdout: the generator panics where it cannot write.
        let mut script = Vec::new();
        generate(self.shell, &mut Cli::command(), "bss-sim", &mut script);
        // For bash it spells the hyphen of a program's name in two ways, and then no flag of a command is completed.
        let script = String::from_utf8_lossy(&script).replace("bss__subcmd__sim", "bss__sim");
        Ok(std::io::stdout().write_all(script.as_bytes())?)
    }
}
