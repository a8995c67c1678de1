//! Spaces as plain values, which are kept while no simulator runs, and whether there is anything new to keep.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::{
    Accounts, Certificate, CertificateNumber, Customer, CustomerId, DocumentedOutcome, Label, Secret, StartWorld,
};
use crate::simulator::authentication::{Failures, TokenOwner};
use crate::simulator::clock::Clock;
use crate::simulator::registration::Mailbox;
use crate::simulator::script::ScriptedUses;
use crate::simulator::space_id::SpaceId;

/// A space with all that it goes on with after a restart. Not kept are the journal, the requests of the current second, and
/// the metrics.
#[derive(Debug)]
pub struct SavedSpace {
    pub id: SpaceId,
    pub label: Option<Label>,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    /// The name of the scenario.
    pub scenario: Arc<str>,
    /// The world of the scenario.
    pub start: StartWorld,
    /// The same with the space's fresh credentials: a reset goes back to it.
    pub initial: StartWorld,
    pub state: SavedState,
}

/// What has happened in a space since it was last reset.
#[derive(Debug)]
pub struct SavedState {
    pub started_at: Timestamp,
    /// Those that have changed.
    pub customers: Vec<SavedCustomer>,
    /// Those that were put or deleted.
    pub certificates: Vec<SavedCertificate>,
    pub accounts: Arc<Accounts>,
    /// In the order of their places.
    pub script: Vec<ScriptedUses>,
    /// The places from the first one of its world to the next.
    pub places: Range<usize>,
    pub clock: Clock,
    /// The tokens that were issued, the oldest first, with the time at which each expires.
    pub tokens: Vec<(Secret, TokenOwner, Timestamp)>,
    /// The access keys with wrong signatures.
    pub lockout: Vec<(Box<str>, Failures)>,
    /// The mail addresses that got verification codes.
    pub mailboxes: Vec<(Box<str>, Mailbox)>,
    pub codes_drawn: u64,
    pub coverage: Vec<(DocumentedOutcome, Uuid)>,
    /// The number of the last entry of the journal.
    pub last_number: u64,
}

/// A customer that has changed.
#[derive(Debug)]
pub struct SavedCustomer {
    pub id: CustomerId,
    /// `None` if there is no such customer any more.
    pub customer: Option<Arc<Customer>>,
    /// The certificates that it holds. Even a customer that does not exist can hold some.
    pub held: Vec<CertificateNumber>,
}

/// A certificate that was put or deleted.
#[derive(Debug)]
pub struct SavedCertificate {
    pub number: CertificateNumber,
    /// `None` if it is not listed any more.
    pub certificate: Option<Arc<Certificate>>,
}

/// Whether anything has changed since this was asked last.
#[derive(Debug, Default)]
pub struct Changes(AtomicBool);

impl Changes {
    /// Notes a change that has been made.
    pub fn note(&self) {
        // What was changed before is seen by the thread that takes this.
        self.0.store(true, Ordering::Release);
    }

    /// Returns true if there was a change, and forgets it. One that comes from now on is noted again.
    pub fn take(&self) -> bool {
        self.0.swap(false, Ordering::Acquire)
    }
}
