//! `bss-sim catalog`: the table of documented outcomes, as Markdown.

use std::io::Write;

use super::CommandError;
use crate::fixture::{CatalogRow, catalog};

/// What `--help` adds.
pub(super) const HELP: &str = "\
What the last column names can be served: `bss-sim serve --scenario NAME`.

Example:
  bss-sim catalog | grep PIC_";

const HEADINGS: [&str; 6] = ["outcome", "HTTP", "text", "decided by", "basis", "scenario"];

pub(super) fn run() -> Result<(), CommandError> {
    let rows: Vec<_> = catalog().into_iter().map(cells).collect();
    let widths: Vec<_> = (0..HEADINGS.len())
        .map(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0).max(HEADINGS[column].len()))
        .collect();
    let line = |cells: &[String]| {
        let padded: Vec<_> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("| {} |\n", padded.join(" | "))
    };
    let rule: Vec<_> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let table: String = [HEADINGS.map(str::to_owned).to_vec(), rule].iter().chain(&rows).map(|row| line(row)).collect();
    Ok(std::io::stdout().write_all(table.as_bytes())?)
}

fn cells(row: CatalogRow) -> Vec<String> {
    let causes: Vec<_> = row.causes.iter().map(|(id, _)| format!("`{id}`")).collect();
    let mut bases: Vec<_> = row.causes.iter().map(|(_, citation)| citation.basis.as_str()).collect();
    bases.dedup();
    vec![
        format!("`{}`", row.outcome),
        row.outcome.status().to_string(),
        row.outcome.text().to_owned(),
        causes.join(", "),
        bases.join(", "),
        row.scenario.map(|scenario| format!("`{scenario}`")).unwrap_or_default(),
    ]
}
