//! What depends on the operating system: signals, exit codes, private files and what tells one version of a file from another. Each file has
//! the same names, as one kind of system means them.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::{FileVersion, PassedSignals, ReloadSignal, StopSignals, exit_code, private_file, sync_directory};
#[cfg(windows)]
pub(super) use windows::{
    FileVersion, PassedSignals, ReloadSignal, StopSignals, exit_code, private_file, sync_directory,
};
