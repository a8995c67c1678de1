//! An era: all that happens in a space between two resets. A request belongs to one era from beginning to end, so
//! that it runs wholly before or wholly after a reset.

use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::Timestamp;

use crate::domain::credentials::Accounts;
use crate::domain::settings::Settings;
use crate::domain::world::World;
use crate::simulator::authentication::{Lockout, Tokens};
use crate::simulator::clock::Clock;
use crate::simulator::journal::Journal;
use crate::simulator::metrics::{Metrics, UnexpectedRequests};
use crate::simulator::script::Script;
use crate::simulator::space_id::SpaceId;
use crate::simulator::spaces::Shared;
use crate::simulator::store::Store;

/// A world and its state.
#[derive(Debug)]
pub struct SpaceState {
    pub(super) space: SpaceId,
    pub(super) world: World,
    pub(super) began: Timestamp,
    pub(super) store: Store,
    pub(super) lockout: Lockout,
    pub(super) tokens: Tokens,
    pub(super) shared: Arc<Shared>,
    accounts: RwLock<Arc<Accounts>>,
    /// Held for reading while an application or a review is decided, for writing while the whole state is read, or more
    /// of it is changed than one customer and the certificates it holds.
    gate: RwLock<()>,
    /// The answers fixed beforehand.
    pub script: Script,
    /// The clock.
    pub clock: Clock,
    /// What was asked and answered.
    pub journal: Journal,
}

impl SpaceState {
    /// An era in which nothing has happened yet.
    pub(super) fn new(space: SpaceId, world: World, clock: Clock, shared: Arc<Shared>) -> Self {
        Self {
            space,
            began: clock.now(),
            store: Store::new(&world),
            lockout: Lockout::default(),
            tokens: Tokens::default(),
            accounts: RwLock::new(Arc::clone(&world.accounts)),
            gate: RwLock::default(),
            script: Script::new(&world.script, world.settings.seed, Arc::clone(&shared.leftovers)),
            clock,
            journal: Journal::new(shared.limits.clone()),
            shared,
            world,
        }
    }

    /// The space that the era is of.
    pub fn space(&self) -> SpaceId {
        self.space
    }

    /// The settings of its world.
    pub fn settings(&self) -> &Settings {
        &self.world.settings
    }

    /// How often each kind of answer was given, in all spaces.
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// The requests of all spaces that the gateway refused.
    pub fn unexpected_requests(&self) -> &UnexpectedRequests {
        &self.shared.unexpected_requests
    }

    /// The partners and credentials as they are now.
    pub fn accounts(&self) -> Arc<Accounts> {
        Arc::clone(&self.accounts.read().expect("nothing panics while it holds the accounts"))
    }

    /// Changes partners and credentials.
    pub(super) fn change_accounts<T>(&self, change: impl FnOnce(&mut Accounts) -> T) -> T {
        let mut accounts = self.accounts.write().expect("nothing panics while it holds the accounts");
        change(Arc::make_mut(&mut accounts))
    }

    /// Lets one change of the state happen beside others, but not beside those that have to be alone.
    pub(super) fn enter(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().expect("nothing panics while it holds the gate")
    }

    /// Lets nothing else change the state meanwhile.
    pub(super) fn enter_alone(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write().expect("nothing panics while it holds the gate")
    }

    /// The world as it stands now, read in one step.
    pub fn snapshot(&self) -> World {
        let _alone = self.enter_alone();
        let mut world =
            World { accounts: self.accounts(), script: self.script.left(), ..self.store.snapshot(&self.world) };
        if self.settings().review_after.is_some()
            && world.customers.values().any(|customer| customer.has_undated_review())
        {
            // Where reviews end by themselves it counts when they began, also in another era.
            for customer in
                Arc::make_mut(&mut world.customers).values_mut().filter(|customer| customer.has_undated_review())
            {
                Arc::make_mut(customer).under_review_since = Some(self.began);
            }
        }
        world
    }
}
