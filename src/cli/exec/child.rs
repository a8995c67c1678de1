//! The command as a process: started, told what its parent is told, and waited for.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};

use rustix::process::{Pid, Signal, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::environment::Environment;
use crate::cli::CommandError;

/// Runs a command to its end, whatever signals come meanwhile: it decides what they mean.
pub(super) async fn run(command: &[OsString], environment: &Environment) -> Result<ExitStatus, CommandError> {
    // Before the command begins: who ends it at once is to be heard.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut child = start(command, environment)?;
    loop {
        tokio::select! {
            status = child.wait() => return Ok(status?),
            // Many commands take a second Ctrl-C for an order to end at once.
            _ = interrupt.recv() => if !is_in_foreground() { tell(&child, Signal::INT) },
            _ = terminate.recv() => tell(&child, Signal::TERM),
            _ = hangup.recv() => tell(&child, Signal::HUP),
        }
    }
}

fn start(command: &[OsString], environment: &Environment) -> Result<Child, CommandError> {
    let (program, arguments) = command.split_first().expect("clap asks for a command");
    let mut command = Command::new(program);
    command.args(arguments);
    environment.give_to(command.as_std_mut());
    command.spawn().map_err(|error| CommandError::Command(program.clone(), error))
}

fn tell(child: &Child, signal: Signal) {
    if let Some(pid) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
        // It fails only when the command has just ended.
        let _ = kill_process(pid, signal);
    }
}

/// True when the terminal's Ctrl-C reaches this process: the command has then got it too.
fn is_in_foreground() -> bool {
    File::open("/dev/tty").is_ok_and(|terminal| tcgetpgrp(terminal).is_ok_and(|group| group == getpgrp()))
}

/// The exit code of a command that ended so; as in a shell, 128 and the number of the signal that ended it.
pub(super) fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
