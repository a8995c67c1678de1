//! `bss-sim schema`: the JSON Schema of scenario files.

use std::io::Write;

use super::CommandError;
use crate::fixture::json_schema;

/// What `--help` adds.
pub(super) const HELP: &str = "\
Example:
  # and then, for an editor, as the first line of a scenario:
  # # yaml-language-server: $schema=fixture.schema.json
  bss-sim schema > fixture.schema.json";

pub(super) fn run() -> Result<(), CommandError> {
    let schema = serde_json::to_string_pretty(&json_schema()).expect("a schema is JSON");
    Ok(writeln!(std::io::stdout(), "{schema}")?)
}
