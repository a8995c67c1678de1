//! The flags that say which scenario a simulator starts from.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Args, Command, Error};

use super::CommandError;
use crate::fixture::{Library, Scenario, builtin_names};

/// Where a simulator starts from.
#[derive(Debug, Args)]
pub(super) struct Source {
    /// The scenario to start from.
    ///
    /// `bss-sim catalog` names one for each documented outcome; without this flag it is the one called `default`.
    #[arg(long, env = "BSS_SIM_SCENARIO", value_name = "NAME", value_parser = ScenarioName, hide_possible_values = true)]
    scenario: Option<String>,

    /// Scenario files, and directories of such, to know besides the built-in ones.
    ///
    /// A single file is what is started from, unless --scenario names another one. Several are separated by commas. In
    /// directories, files named `*.schema.json` are skipped.
    #[arg(long, env = "BSS_SIM_FIXTURES", value_name = "PATH", num_args = 1.., value_delimiter = ',')]
    pub(super) fixtures: Vec<PathBuf>,
}

impl Source {
    /// The scenario that is chosen, with all that are known.
    pub(super) fn choose(&self) -> Result<(Library, Arc<Scenario>), CommandError> {
        let mut library = Library::builtin();
        let mut added = library.add(&self.fixtures)?;
        let is_one_file = self.fixtures.len() == 1 && self.fixtures[0].is_file();
        let scenario = match (&self.scenario, added.pop()) {
            (None, Some(scenario)) if is_one_file => scenario,
            (name, _) => library.scenario(name.as_deref().unwrap_or("default"))?,
        };
        Ok((library, scenario))
    }
}

/// Any name, for it may be one of a fixture; a shell can complete those that are built in.
#[derive(Clone)]
struct ScenarioName;

impl TypedValueParser for ScenarioName {
    type Value = String;

    fn parse_ref(&self, command: &Command, flag: Option<&Arg>, value: &OsStr) -> Result<String, Error> {
        StringValueParser::new().parse_ref(command, flag, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue>>> {
        Some(Box::new(builtin_names().map(PossibleValue::new)))
    }
}
