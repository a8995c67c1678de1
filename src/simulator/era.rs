//! An era: all that happens in a space between two resets. A request belongs to one era from beginning to end, so
//! that it runs wholly before or wholly after a reset.

use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::Timestamp;

use super::clock::Clock;
use super::journal::Journal;
use super::lockout::Lockout;
use super::script::Script;
use super::shared::Shared;
use super::store::Store;
use super::strays::Strays;
use super::tally::Tally;
use super::tokens::Tokens;
use crate::domain::directory::Directory;
use crate::domain::settings::Settings;
use crate::domain::world::World;

use super::space_id::SpaceId;

/// A world and its state.
#[derive(Debug)]
pub struct Era {
    pub(super) space: SpaceId,
    pub(super) world: World,
    pub(super) began: Timestamp,
    pub(super) store: Store,
    pub(super) lockout: Lockout,
    pub(super) tokens: Tokens,
    pub(super) shared: Arc<Shared>,
    directory: RwLock<Arc<Directory>>,
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

impl Era {
    /// An era in which nothing has happened yet.
    pub(super) fn new(space: SpaceId, world: World, clock: Clock, shared: Arc<Shared>) -> Self {
        Self {
            space,
            began: clock.now(),
            store: Store::new(&world),
            lockout: Lockout::default(),
            tokens: Tokens::default(),
            directory: RwLock::new(Arc::clone(&world.directory)),
            gate: RwLock::default(),
            script: Script::new(&world.script, world.settings.seed, Arc::clone(&shared.leftovers)),
            clock,
            journal: Journal::new(shared.limits.clone()),
            shared,
            world,
        }
    }

    /// The space that the era is of.
    #[must_use]
    pub fn space(&self) -> SpaceId {
        self.space
    }

    /// The settings of its world.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.world.settings
    }

    /// How often each kind of answer was given, in all spaces.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.shared.tally
    }

    /// The requests of all spaces that the gateway refused.
    #[must_use]
    pub fn strays(&self) -> &Strays {
        &self.shared.strays
    }

    /// The partners and credentials as they are now.
    #[must_use]
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.directory.read().expect("nothing panics while it holds the directory"))
    }

    /// Changes partners and credentials.
    pub(super) fn change_directory<T>(&self, change: impl FnOnce(&mut Directory) -> T) -> T {
        let mut directory = self.directory.write().expect("nothing panics while it holds the directory");
        change(Arc::make_mut(&mut directory))
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
    #[must_use]
    pub fn snapshot(&self) -> World {
        let _alone = self.enter_alone();
        let mut world =
            World { directory: self.directory(), script: self.script.left(), ..self.store.snapshot(&self.world) };
        if self.settings().review_after.is_some() && world.customers.values().any(|customer| customer.is_undated()) {
            // Where reviews end by themselves it counts when they began, also in another era.
            for customer in Arc::make_mut(&mut world.customers).values_mut().filter(|customer| customer.is_undated()) {
                Arc::make_mut(customer).under_review_since = Some(self.began);
            }
        }
        world
    }
}
