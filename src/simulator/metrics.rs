//! Counters: how often each outcome was answered, which requests were unexpected, and which scripted answers were left over.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use dashmap::DashMap;
use foldhash::fast::RandomState;

use crate::domain::catalog::{CheckItem, DocumentedOutcome};
use crate::domain::rules::Answer;
use crate::domain::scripted::ScriptedAnswer;
use crate::simulator::journal::RecordedRequest;
use crate::simulator::outcome::{ApiError, Detail, Outcome};

/// One kind of answer. There are only so many: all of it is from tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutcomeLabels {
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
pub struct Metrics {
    answers: DashMap<OutcomeLabels, AtomicU64, RandomState>,
    items: [AtomicU64; CheckItem::ALL.len()],
}

impl Metrics {
    /// Counts what was ruled on a request for the endpoint at this path.
    pub fn count(&self, path: &'static str, outcome: &Outcome) {
        let kind = OutcomeLabels {
            path,
            outcome: outcome.label(),
            decided_by: outcome.decided_by(),
            rule: outcome.check().unwrap_or(""),
        };
        // Only the first of its kind has to lock anybody out.
        if let Some(count) = self.answers.get(&kind) {
            count.fetch_add(1, Ordering::Relaxed);
        } else {
            self.answers.entry(kind).or_default().fetch_add(1, Ordering::Relaxed);
        }
        if let Some(Answer::Refuse(refusal)) = outcome.answer() {
            for item in refusal.items.iter() {
                self.items[item as usize].fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Every kind of answer that was given, with its number, in order.
    pub fn answers(&self) -> Vec<(OutcomeLabels, u64)> {
        let mut answers: Vec<_> =
            self.answers.iter().map(|count| (*count.key(), count.load(Ordering::Relaxed))).collect();
        answers.sort_unstable();
        answers
    }

    /// How many answers had this check item.
    pub fn item(&self, item: CheckItem) -> u64 {
        self.items[item as usize].load(Ordering::Relaxed)
    }

    /// How often a documented outcome was answered by the endpoint at this path.
    pub fn seen(&self, path: &str, outcome: DocumentedOutcome) -> u64 {
        if let DocumentedOutcome::Item(item) = outcome {
            return self.item(item);
        }
        let outcome = outcome.to_string();
        let alike = |kind: &OutcomeLabels| kind.path == path && kind.outcome == outcome;
        self.answers.iter().filter(|count| alike(count.key())).map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

/// How many of them are kept.
const MAX_LEFTOVERS: usize = 100;

/// A scripted answer with how often it was given.
pub type Leftover = (Arc<ScriptedAnswer>, usize);

/// The leftovers of all spaces, the first of them.
#[derive(Debug, Default)]
pub struct Leftovers(Mutex<LeftoverList>);

#[derive(Debug, Default)]
struct LeftoverList {
    first: Vec<Leftover>,
    others: usize,
}

impl Leftovers {
    /// Notes an answer that is no more, if there is something left of it.
    pub(super) fn note(&self, answer: Arc<ScriptedAnswer>, used: usize) {
        if !answer.is_left_over(used) {
            return;
        }
        let mut kept = self.kept();
        if kept.first.len() < MAX_LEFTOVERS {
            kept.first.push((answer, used));
        } else {
            kept.others += 1;
        }
    }

    /// Those that are kept, and how many more there were.
    pub fn all(&self) -> (Vec<Leftover>, usize) {
        let kept = self.kept();
        (kept.first.clone(), kept.others)
    }

    fn kept(&self) -> MutexGuard<'_, LeftoverList> {
        self.0.lock().expect("nothing panics while it holds the leftovers")
    }
}

/// How many kinds of them are kept.
const MAX_UNEXPECTED: usize = 100;

/// How much is kept of a text that a client chose, in characters.
const MOST_CHARS: usize = 200;

/// Where the reason of a wrong signature goes on with all that was signed: it is never the same twice, and can hold a token.
const SIGNED: &str = ", canonicalRequest:";

/// One kind of stray.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnexpectedRequest {
    /// The method.
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// The check that refused.
    pub check: &'static str,
    /// What was wrong.
    pub reason: String,
}

impl UnexpectedRequest {
    /// What is astray of a request on which this was ruled; absent: nothing.
    fn of(request: &RecordedRequest, outcome: &Outcome) -> Option<Self> {
        let (check, reason) = match outcome {
            Outcome::Refused(ApiError::Gateway { check, detail: Some(Detail { text, .. }), .. }) => {
                (check.id, text.split(SIGNED).next()?)
            }
            Outcome::Refused(ApiError::Gateway { check, error, detail: None }) => (check.id, error.message),
            Outcome::Refused(ApiError::Iam(answer, saw)) => (answer.check.id, saw.as_str()),
            _ => return None,
        };
        let [method, path, reason] =
            [request.method(), request.path(), reason].map(|text| text.chars().take(MOST_CHARS).collect());
        Some(Self { method, path, check, reason })
    }
}

/// The unexpected requests of all spaces: the first kinds, each with its count.
#[derive(Debug, Default)]
pub struct UnexpectedRequests(Mutex<UnexpectedList>);

#[derive(Debug, Default)]
struct UnexpectedList {
    kinds: Vec<(UnexpectedRequest, u64)>,
    others: u64,
}

impl UnexpectedRequests {
    /// Notes a request, if it is one. Nearly all are none, and are not to pay for those that are.
    #[inline]
    pub fn note(&self, request: &RecordedRequest, outcome: &Outcome) {
        if matches!(outcome, Outcome::Refused(ApiError::Gateway { .. } | ApiError::Iam(..))) {
            self.keep(request, outcome);
        }
    }

    #[cold]
    fn keep(&self, request: &RecordedRequest, outcome: &Outcome) {
        let Some(stray) = UnexpectedRequest::of(request, outcome) else { return };
        let mut kept = self.kept();
        if let Some((_, count)) = kept.kinds.iter_mut().find(|(known, _)| *known == stray) {
            *count += 1;
        } else if kept.kinds.len() < MAX_UNEXPECTED {
            kept.kinds.push((stray, 1));
        } else {
            kept.others += 1;
        }
    }

    /// Those that are kept, in the order in which they first came, and how many more requests were strays.
    pub fn all(&self) -> (Vec<(UnexpectedRequest, u64)>, u64) {
        let kept = self.kept();
        (kept.kinds.clone(), kept.others)
    }

    fn kept(&self) -> MutexGuard<'_, UnexpectedList> {
        self.0.lock().expect("nothing panics while it holds the strays")
    }
}
