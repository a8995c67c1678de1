//! What all spaces of one simulator have in common.

use std::sync::Arc;

use super::journal::JournalLimits;
use super::leftovers::Leftovers;
use super::strays::Strays;
use super::tally::Tally;
use crate::bucket::Buckets;

/// What the spaces of one simulator have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) limits: JournalLimits,
    pub(super) buckets: Buckets,
    pub(super) tally: Tally,
    pub(super) strays: Strays,
    pub(super) leftovers: Arc<Leftovers>,
}

impl Shared {
    pub(super) fn new(limits: JournalLimits) -> Self {
        let (buckets, tally) = (Buckets::default(), Tally::default());
        Self { limits, buckets, tally, strays: Strays::default(), leftovers: Arc::default() }
    }
}
