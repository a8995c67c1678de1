//! Tables for people, with a line of JSON for programs.

use serde_json::{Map, Value, json};

/// A table: a row of numbers for each name. A number that is not known is none.
#[derive(Debug)]
pub(crate) struct Table {
    heads: Vec<(&'static str, usize)>,
    rows: Vec<(String, Vec<Option<f64>>)>,
}

impl Table {
    /// A table with these columns, each with its decimals.
    pub(crate) fn new(heads: &[(&'static str, usize)]) -> Self {
        Self { heads: heads.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, name: &str, numbers: Vec<Option<f64>>) {
        self.rows.push((name.to_owned(), numbers));
    }

    /// Prints the table, and after it one line of JSON with the same numbers by name and column.
    pub(crate) fn print(&self, title: &str) {
        let width = self.rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        let heads: Vec<_> = self.heads.iter().map(|(head, _)| format!("  {head:>9}")).collect();
        println!("\n{title:width$}{}", heads.concat());
        for (name, numbers) in &self.rows {
            let cell = |(number, (head, decimals)): (&Option<f64>, &(&str, usize))| {
                let number = number.map_or("-".to_owned(), |number| format!("{number:.decimals$}"));
                format!("  {number:>width$}", width = head.chars().count().max(9))
            };
            println!("{name:width$}{}", numbers.iter().zip(&self.heads).map(cell).collect::<String>());
        }
        println!("\n{}", json!({ title: self.to_json() }));
    }

    fn to_json(&self) -> Map<String, Value> {
        let row = |numbers: &[Option<f64>]| -> Map<String, Value> {
            let rounded = numbers.iter().map(|number| number.map(|number| (number * 1000.0).round() / 1000.0));
            self.heads.iter().zip(rounded).map(|((head, _), number)| ((*head).to_owned(), json!(number))).collect()
        };
        self.rows.iter().map(|(name, numbers)| (name.clone(), row(numbers).into())).collect()
    }
}

/// The number in the middle. `None` if it is not known.
pub(crate) fn median(numbers: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    let mut numbers: Vec<_> = numbers.into_iter().flatten().collect();
    numbers.sort_unstable_by(f64::total_cmp);
    let middle = numbers.len().checked_sub(1)? / 2;
    Some(f64::midpoint(numbers[middle], numbers[numbers.len() / 2]))
}
