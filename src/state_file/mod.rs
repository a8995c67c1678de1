//! The file that keeps all spaces over restarts: its format, and how spaces become such a file and the other way round.
//! Where the file is, and when it is written, is the command line's affair.
//!
//! It is one JSON object. `format` and `version` say what it is; another version is not read. `served` is the scenario that
//! the default space began from. `spaces` has each space with what has changed in it since its start, and the number of its
//! start in `starts`. Each start is there once, however many spaces began from it: they share it in memory, too.

mod format;
mod restore;
mod save;

pub(crate) use restore::{InvalidState, Restored, restore};
pub(crate) use save::write;
