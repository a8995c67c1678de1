//! The state of a space between two resets. A request runs on one state from beginning to end, so that it happens either
//! before or after a reset.

use std::sync::{Arc, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::Timestamp;

use crate::domain::{Accounts, DocumentedOutcome, Settings, StartWorld};
use crate::simulator::authentication::{Lockout, QuotaWindow, Tokens};
use crate::simulator::clock::Clock;
use crate::simulator::journal::Journal;
use crate::simulator::metrics::OutcomeCoverage;
use crate::simulator::registration::VerificationCodes;
use crate::simulator::saved::SavedState;
use crate::simulator::script::Script;
use crate::simulator::space_id::SpaceId;
use crate::simulator::spaces::{Shared, SharedLabel};
use crate::simulator::store::Store;

/// A world, and everything that has happened in it.
#[derive(Debug)]
pub struct SpaceState {
    pub space_id: SpaceId,
    label: SharedLabel,
    pub(super) started_at: Timestamp,
    pub(super) store: Store,
    pub(super) tokens: Arc<Mutex<Tokens>>,
    pub lockout: Lockout,
    /// What the applications of the space got, from its creation on: a reset does not undo what was tested.
    pub coverage: Arc<OutcomeCoverage>,
    pub shared: Arc<Shared>,
    accounts: RwLock<Arc<Accounts>>,
    /// Orders what the store's own locks cannot. Read lock: one application or one review. Write lock: snapshots and every
    /// change by the control API.
    state_lock: RwLock<()>,
    pub script: Script,
    pub(super) quota: QuotaWindow,
    pub verification_codes: VerificationCodes,
    pub clock: Clock,
    pub journal: Journal,
}

/// What a state goes on with of the one before it.
#[derive(Clone, Copy, Debug, Default)]
struct Begun {
    /// The number of the last entry of the journal.
    last_number: u64,
    /// The place of the first scripted answer. Places are not given again.
    first_place: usize,
    /// Whether a reset or another world ended the state before it.
    is_again: bool,
}

impl SpaceState {
    /// Returns the state of a space at its start.
    pub(super) fn first(space_id: SpaceId, label: SharedLabel, world: StartWorld, shared: Arc<Shared>) -> Self {
        Self::new(space_id, label, world, Clock::default(), shared, Begun::default())
    }

    /// Returns the state of the same space after a reset, or after its world was replaced.
    pub(super) fn next(&self, world: StartWorld, clock: Clock) -> Self {
        let (label, shared) = (self.label.clone(), Arc::clone(&self.shared));
        let last_number = self.journal.last_number();
        let begun = Begun { last_number, first_place: self.script.next_place(), is_again: true };
        Self {
            tokens: Arc::clone(&self.tokens),
            coverage: Arc::clone(&self.coverage),
            ..Self::new(self.space_id, label, world, clock, shared, begun)
        }
    }

    fn new(
        space_id: SpaceId,
        label: SharedLabel,
        world: StartWorld,
        clock: Clock,
        shared: Arc<Shared>,
        Begun { last_number, first_place, is_again }: Begun,
    ) -> Self {
        Self {
            space_id,
            started_at: clock.now(),
            tokens: Arc::default(),
            coverage: Arc::default(),
            lockout: Lockout::default(),
            quota: QuotaWindow::default(),
            verification_codes: VerificationCodes::new(world.settings.seed),
            accounts: RwLock::new(Arc::clone(&world.accounts)),
            state_lock: RwLock::default(),
            script: Script::new(space_id, label.clone(), &world, Arc::clone(&shared.leftovers), first_place),
            label,
            clock,
            journal: Journal::new(Arc::clone(&shared.journal_limits), last_number, is_again),
            shared,
            store: Store::new(world),
        }
    }

    pub fn settings(&self) -> &Settings {
        &self.store.initial.settings
    }

    pub fn accounts(&self) -> Arc<Accounts> {
        Arc::clone(&self.accounts.read().expect("lock poisoned: accounts"))
    }

    pub(super) fn change_accounts<T>(&self, change: impl FnOnce(&mut Accounts) -> T) -> T {
        let mut accounts = self.accounts.write().expect("lock poisoned: accounts");
        change(Arc::make_mut(&mut accounts))
    }

    pub(super) fn read_lock(&self) -> RwLockReadGuard<'_, ()> {
        self.state_lock.read().expect("lock poisoned: state")
    }

    pub(super) fn write_lock(&self) -> RwLockWriteGuard<'_, ()> {
        self.state_lock.write().expect("lock poisoned: state")
    }

    /// Returns all that is kept over a restart, as it is at one moment. Requests to the space wait while all but the customers
    /// is collected.
    pub(super) fn save(&self) -> SavedState {
        let lock = self.write_lock();
        let customers_at_once = self.store.customers_at_once();
        let (script, places) = self.script.save();
        let (mailboxes, codes_drawn) = self.verification_codes.save();
        let saved = SavedState {
            started_at: self.started_at,
            customers: Vec::new(),
            certificates: self.store.saved_certificates(),
            accounts: self.accounts(),
            script,
            places,
            clock: self.clock.clone(),
            tokens: self.tokens.lock().expect("lock poisoned: tokens").list(),
            lockout: self.lockout.list(),
            mailboxes,
            codes_drawn,
            coverage: DocumentedOutcome::all()
                .filter_map(|outcome| Some((outcome, self.coverage.last(outcome)?)))
                .collect(),
            last_number: self.journal.last_number(),
        };
        drop(lock);
        SavedState { customers: customers_at_once.collect(), ..saved }
    }

    /// Returns the state that goes on from a saved one.
    pub(super) fn restored(
        space_id: SpaceId,
        label: SharedLabel,
        world: StartWorld,
        saved: SavedState,
        shared: Arc<Shared>,
    ) -> Self {
        let begun = Begun { last_number: saved.last_number, ..Begun::default() };
        let mut state = Self::new(space_id, label, world, saved.clock, shared, begun);
        state.started_at = saved.started_at;
        state.accounts = RwLock::new(saved.accounts);
        state.store.restore(saved.customers, saved.certificates);
        state.script.restore(saved.script, saved.places);
        let mut tokens = Tokens::default();
        saved.tokens.into_iter().for_each(|(token, owner, expires_at)| tokens.add(token, owner, expires_at));
        state.tokens = Arc::new(Mutex::new(tokens));
        saved.lockout.into_iter().for_each(|(ak, failures)| state.lockout.restore(ak, failures));
        state.verification_codes.restore(saved.mailboxes, saved.codes_drawn);
        for (outcome, request_id) in saved.coverage {
            state.coverage.restore(outcome, request_id);
            state.shared.coverage.restore(outcome, request_id);
        }
        state
    }

    /// Returns the current state as a world, which can be loaded again.
    pub fn snapshot(&self) -> StartWorld {
        let _lock = self.write_lock();
        let mut world =
            StartWorld { accounts: self.accounts(), script: self.script.remaining(), ..self.store.snapshot() };
        if self.settings().review_after.is_some()
            && world.customers.values().any(|customer| customer.has_undated_review())
        {
            // Without a time the review would last longer in the loaded world.
            for customer in Arc::make_mut(&mut world.customers).values_mut() {
                if customer.has_undated_review() {
                    Arc::make_mut(customer).under_review_since = Some(self.started_at);
                }
            }
        }
        world
    }
}
