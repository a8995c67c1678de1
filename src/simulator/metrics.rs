//! What is counted over all spaces: outcomes, unexpected requests and leftover scripted answers. And the coverage: which
//! documented outcomes applications got.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use dashmap::DashMap;
use foldhash::fast::RandomState;
use uuid::Uuid;

use crate::domain::{Answer, CheckItem, DocumentedOutcome, Label, ScriptedAnswer, checks, short};
use crate::simulator::journal::RecordedRequest;
use crate::simulator::outcome::{ApiError, IamAnswer, Outcome};
use crate::simulator::space_id::SpaceId;

/// How many kinds of unexpected requests, and how many leftovers, are kept.
const MAX_KEPT: usize = 100;

/// The labels of a counter. Every value comes from a table, so that the number of counters is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutcomeLabels {
    /// The path of the endpoint. Empty if there is no such endpoint.
    pub path: &'static str,
    pub outcome: &'static str,
    pub decided_by: &'static str,
    /// The check or rule that refused. Empty if none did.
    pub rule: &'static str,
}

impl Hash for OutcomeLabels {
    /// Hashes only what differs between most labels, because every request is counted.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.outcome.hash(state);
    }
}

#[derive(Debug, Default)]
pub struct Metrics {
    outcomes: DashMap<OutcomeLabels, AtomicU64, RandomState>,
    items: [AtomicU64; CheckItem::ALL.len()],
    /// What was refused as broken HTTP, before it was a request.
    broken: AtomicU64,
}

impl Metrics {
    /// `path` is that of the endpoint.
    pub fn count(&self, path: &'static str, outcome: &Outcome) {
        let labels = OutcomeLabels {
            path,
            outcome: outcome.label(),
            decided_by: outcome.decided_by(),
            rule: outcome.check().unwrap_or_default(),
        };
        // An existing counter needs a read lock only.
        if let Some(count) = self.outcomes.get(&labels) {
            count.fetch_add(1, Ordering::Relaxed);
        } else {
            self.outcomes.entry(labels).or_default().fetch_add(1, Ordering::Relaxed);
        }
        if let Some(Answer::Refuse(refusal)) = outcome.answer() {
            for item in refusal.items.iter() {
                self.items[item as usize].fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    pub fn count_broken(&self) {
        self.broken.fetch_add(1, Ordering::Relaxed);
    }

    pub fn broken_count(&self) -> u64 {
        self.broken.load(Ordering::Relaxed)
    }

    /// Returns every counter of outcomes, sorted by labels.
    pub fn outcomes(&self) -> Vec<(OutcomeLabels, u64)> {
        let counts = self.outcomes.iter().map(|count| (*count.key(), count.load(Ordering::Relaxed)));
        let mut counts: Vec<_> = counts.collect();
        counts.sort_unstable();
        counts
    }

    pub fn item_count(&self, item: CheckItem) -> u64 {
        self.items[item as usize].load(Ordering::Relaxed)
    }
}

/// A request that the gateway or IAM refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnexpectedRequest {
    pub method: String,
    /// The path without its query.
    pub path: String,
    pub check: &'static str,
    /// The check and what it saw.
    pub why: String,
}

/// Each kind with its count, and the number of requests of other kinds.
#[derive(Debug, Default)]
pub struct UnexpectedRequests(Mutex<(Vec<(UnexpectedRequest, u64)>, u64)>);

impl UnexpectedRequests {
    /// Records the request if the gateway or IAM refused it, but not by a scripted answer, nor by the quota: the scenario asks
    /// for both.
    pub fn record(&self, request: &RecordedRequest, outcome: &Outcome, why: impl FnOnce() -> String) {
        let Outcome::Refused(ApiError::Gateway { check, .. } | ApiError::Iam(IamAnswer { check, .. }, _)) = outcome
        else {
            return;
        };
        if check.id == checks::QUOTA.id {
            return;
        }
        let [method, path] = [request.method(), request.path()].map(|text| short(text).into_owned());
        let request = UnexpectedRequest { method, path, check: check.id, why: why() };
        let (kinds, others) = &mut *self.0.lock().expect("lock poisoned: unexpected requests");
        if let Some((_, count)) = kinds.iter_mut().find(|(kind, _)| *kind == request) {
            *count += 1;
        } else if kinds.len() < MAX_KEPT {
            kinds.push((request, 1));
        } else {
            *others += 1;
        }
    }

    /// Returns the kinds in the order of their first request.
    pub fn list(&self) -> (Vec<(UnexpectedRequest, u64)>, u64) {
        self.0.lock().expect("lock poisoned: unexpected requests").clone()
    }
}

/// A scripted answer with the number of its uses, and the space whose script had it.
#[derive(Clone, Debug)]
pub struct Leftover {
    pub space: SpaceId,
    pub label: Option<Label>,
    pub answer: Arc<ScriptedAnswer>,
    pub used: usize,
}

/// The scripted answers of cleared scripts that were used less often than intended.
#[derive(Debug, Default)]
pub struct Leftovers(Mutex<(Vec<Leftover>, usize)>);

impl Leftovers {
    pub(super) fn record(&self, leftover: Leftover) {
        if !leftover.answer.is_left_over(leftover.used) {
            return;
        }
        let (leftovers, others) = &mut *self.0.lock().expect("lock poisoned: leftovers");
        if leftovers.len() < MAX_KEPT {
            leftovers.push(leftover);
        } else {
            *others += 1;
        }
    }

    /// Returns the first leftovers, and the number of the others.
    pub fn list(&self) -> (Vec<Leftover>, usize) {
        self.0.lock().expect("lock poisoned: leftovers").clone()
    }
}

/// The documented outcomes that applications got, each with the request that got it last. It has as much room from its
/// beginning on as it ever takes.
#[derive(Debug, Default)]
pub struct OutcomeCoverage([Mutex<Option<Uuid>>; DocumentedOutcome::COUNT]);

impl OutcomeCoverage {
    /// Records the outcome of an application. An answer with check items counts for its code and for each item. An answer
    /// that a fault loses does not count: the client does not see it.
    pub fn record(&self, outcome: &Outcome, request_id: Uuid) {
        let record = |documented: DocumentedOutcome| *self.cell(documented) = Some(request_id);
        match outcome.answer().filter(|_| outcome.fault().is_none()) {
            Some(Answer::Accept(review)) => record(DocumentedOutcome::Accepted(review)),
            Some(Answer::Refuse(refusal)) => {
                record(DocumentedOutcome::Refused(refusal.code));
                refusal.items.iter().map(DocumentedOutcome::Item).for_each(record);
            }
            Some(Answer::Other(_) | Answer::Gateway(_) | Answer::Raw(_)) | None => {}
        }
    }

    /// Records that a request got this outcome.
    pub(super) fn restore(&self, outcome: DocumentedOutcome, request_id: Uuid) {
        *self.cell(outcome) = Some(request_id);
    }

    /// Returns the request that got this outcome last. `None` if none did.
    pub fn last(&self, outcome: DocumentedOutcome) -> Option<Uuid> {
        *self.cell(outcome)
    }

    fn cell(&self, outcome: DocumentedOutcome) -> MutexGuard<'_, Option<Uuid>> {
        self.0[outcome.index()].lock().expect("lock poisoned: coverage")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_documented_outcome_has_a_place_of_its_own() {
        let places: Vec<_> = DocumentedOutcome::all().map(DocumentedOutcome::index).collect();
        assert_eq!(places, (0..DocumentedOutcome::COUNT).collect::<Vec<_>>());
    }
}
