//! Which documented outcomes applications got, for those who want every one of them tested.

use std::sync::{Mutex, MutexGuard};

use uuid::Uuid;

use crate::domain::{Answer, DocumentedOutcome};
use crate::simulator::outcome::Outcome;

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
