//! Coverage: which of the documented outcomes were answered to applications.

use std::fmt;

use crate::cli::CommandError;
use crate::fixture::{CatalogRow, catalog};
use crate::http::INDIVIDUAL;
use crate::simulator::Metrics;

/// The documented outcomes, those that were met and those that were not.
pub(super) struct Coverage {
    met: Vec<CatalogRow>,
    missed: Vec<CatalogRow>,
}

impl Coverage {
    pub(super) fn of(metrics: &Metrics) -> Self {
        let (met, missed) = catalog().into_iter().partition(|row| metrics.seen(INDIVIDUAL, row.outcome) > 0);
        Self { met, missed }
    }

    /// Demands that so many percent are met.
    pub(super) fn at_least(&self, percent: u8) -> Result<(), CommandError> {
        let (met, least) = (self.met.len(), (self.all() * usize::from(percent)).div_ceil(100));
        if met >= least {
            return Ok(());
        }
        let demand = format!("--coverage-fail-under {percent} asks for {least}");
        Err(CommandError::CheckFailed(format!("the command met {self}: {demand}")))
    }

    /// Lists them; those that were not met with what shows how to get them.
    pub(super) fn list(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.met.is_empty() {
            let met: Vec<_> = self.met.iter().map(|row| row.outcome.to_string()).collect();
            writeln!(f, "documented outcomes that were met: {}", met.join(", "))?;
        }
        if !self.missed.is_empty() {
            writeln!(
                f,
                "documented outcomes that were not met, each with the scenario that shows it: --scenario NAME, or"
            )?;
            writeln!(f, r#"a space beside the others, by POST $BSS_SIM_URL/_sim/spaces {{"scenario":"NAME"}}"#)?;
        }
        for row in &self.missed {
            let scenario = row.scenario.as_deref().unwrap_or_default();
            writeln!(f, "        {:20}  {scenario}", row.outcome.to_string())?;
        }
        Ok(())
    }

    fn all(&self) -> usize {
        self.met.len() + self.missed.len()
    }
}

/// `2 of 24 documented outcomes (8 %)`
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (met, all) = (self.met.len(), self.all());
        write!(f, "{met} of {all} documented outcomes ({} %)", met * 100 / all)
    }
}
