//! `bss-sim catalog`: the documented outcomes, and the error codes beyond them, as tables in Markdown.

use clap::Args;

use crate::domain::catalog::other_errors;
use crate::domain::{ApiCode, ENDPOINTS, OtherError, checks};
use crate::fixture::{CatalogRow, catalog};

pub(super) const HELP: &str = "\
The scenarios in the last column can be served: `bss-sim serve --scenario NAME`.

Examples:
  bss-sim catalog | grep PIC_
  bss-sim catalog --all | grep /v2/partners/sub-customers";

#[derive(Debug, Args)]
pub(super) struct CatalogArgs {
    /// Also print the error codes of the neighbours, and those that are common to the vendor's APIs.
    #[arg(long)]
    all: bool,
}

impl CatalogArgs {
    pub(super) fn tables(&self) -> String {
        let headings = ["outcome", "HTTP", "text", "decided by", "basis", "scenario"];
        let outcomes = table(headings, catalog().into_iter().map(outcome_cells));
        if !self.all {
            return outcomes;
        }
        let headings = ["error code", "HTTP", "text", "paths", "decided by", "basis"];
        format!("{outcomes}\n{}", table(headings, other_errors().map(error_cells)))
    }
}

/// Returns a table in Markdown, whose columns are as wide as their widest cells.
fn table<const N: usize>(headings: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let (headings, rows) = (headings.map(str::to_owned), rows.collect::<Vec<_>>());
    let width = |column: usize| rows.iter().chain([&headings]).map(|row| row[column].len()).max().unwrap_or(0);
    let widths: [_; N] = std::array::from_fn(width);
    let rule = widths.map(|width| "-".repeat(width));
    let line = |cells: &[String; N]| {
        let padded: Vec<_> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("| {} |\n", padded.join(" | "))
    };
    [&headings, &rule].into_iter().chain(&rows).map(line).collect()
}

fn outcome_cells(row: CatalogRow) -> [String; 6] {
    let causes: Vec<_> = row.causes.iter().map(|(id, _)| format!("`{id}`")).collect();
    let mut bases: Vec<_> = row.causes.iter().map(|(_, citation)| citation.basis.as_str()).collect();
    bases.dedup();
    [
        format!("`{}`", row.outcome),
        row.outcome.status().to_string(),
        row.outcome.text().to_owned(),
        causes.join(", "),
        bases.join(", "),
        row.scenario.map(|scenario| format!("`{scenario}`")).unwrap_or_default(),
    ]
}

/// Which of these errors an endpoint answers when, and in which words, is assumed throughout.
fn error_cells(error: &'static OtherError) -> [String; 6] {
    let paths = error.endpoints().map(|endpoints| {
        let mut paths: Vec<_> = endpoints.iter().map(|endpoint| format!("`{}`", endpoint.path)).collect();
        paths.dedup();
        paths.join(", ")
    });
    let mut conditions = ENDPOINTS.iter().flat_map(|endpoint| endpoint.conditions);
    let cause = conditions.find(|condition| condition.refuses_with == ApiCode::Other(error));
    let cause = cause.map_or(checks::SCRIPT.id, |condition| condition.id);
    [
        format!("`{}`", error.code),
        error.status.to_string(),
        error.message.to_owned(),
        paths.unwrap_or_else(|| "any".to_owned()),
        format!("`{cause}`"),
        "assumed".to_owned(),
    ]
}
