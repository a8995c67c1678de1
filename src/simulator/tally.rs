//! The tally: how often each kind of answer was given, in all spaces together, since the simulator began.

use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use foldhash::fast::RandomState;

use super::ruling::Ruling;
use crate::domain::catalog::{CheckItem, Outcome};
use crate::domain::decision::Reply;

/// One kind of answer. There are only so many: all of it is from tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// The path of the endpoint; empty when nothing is there.
    pub path: &'static str,
    /// The outcome: an `error_code`, `is_review 0`, a fault as in `fault reset`, or `told`.
    pub outcome: &'static str,
    /// What kind of thing decided, as in the journal.
    pub decided_by: &'static str,
    /// The check or rule that decided; empty when nothing refused.
    pub rule: &'static str,
}

/// How often each kind of answer was given.
#[derive(Debug, Default)]
pub struct Tally {
    answers: DashMap<Kind, AtomicU64, RandomState>,
    items: [AtomicU64; CheckItem::ALL.len()],
}

impl Tally {
    /// Counts what was ruled on a request for the endpoint at this path.
    pub fn count(&self, path: &'static str, ruling: &Ruling) {
        let kind = Kind {
            path,
            outcome: ruling.outcome(),
            decided_by: ruling.decided_by(),
            rule: ruling.check().unwrap_or(""),
        };
        // Only the first of its kind has to lock anybody out.
        if let Some(count) = self.answers.get(&kind) {
            count.fetch_add(1, Ordering::Relaxed);
        } else {
            self.answers.entry(kind).or_default().fetch_add(1, Ordering::Relaxed);
        }
        if let Some(Reply::Refuse(refusal)) = ruling.reply() {
            for item in refusal.items.iter() {
                self.items[item as usize].fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Every kind of answer that was given, with its number, in order.
    #[must_use]
    pub fn answers(&self) -> Vec<(Kind, u64)> {
        let mut answers: Vec<_> =
            self.answers.iter().map(|count| (*count.key(), count.load(Ordering::Relaxed))).collect();
        answers.sort_unstable();
        answers
    }

    /// How many answers had this check item.
    #[must_use]
    pub fn item(&self, item: CheckItem) -> u64 {
        self.items[item as usize].load(Ordering::Relaxed)
    }

    /// How often a documented outcome was answered by the endpoint at this path.
    #[must_use]
    pub fn seen(&self, path: &str, outcome: Outcome) -> u64 {
        if let Outcome::Item(item) = outcome {
            return self.item(item);
        }
        let outcome = outcome.to_string();
        let alike = |kind: &Kind| kind.path == path && kind.outcome == outcome;
        self.answers.iter().filter(|count| alike(count.key())).map(|count| count.load(Ordering::Relaxed)).sum()
    }
}
