//! `bss-sim schema`: the JSON Schema of scenario files.

use std::io::Write;

use super::CommandError;
use crate::fixture::json_schema;

pub(super) fn run() -> Result<(), CommandError> {
    let schema = serde_json::to_string_pretty(&json_schema()).expect("a schema is JSON");
    Ok(writeln!(std::io::stdout(), "{schema}")?)
}
