//! What all spaces of one simulator have in common.

use super::journal::JournalLimits;
use super::tally::Tally;
use crate::bucket::Buckets;

/// What the spaces of one simulator have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) limits: JournalLimits,
    pub(super) buckets: Buckets,
    pub(super) tally: Tally,
}
