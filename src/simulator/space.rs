//! A space: one isolated world with all that happens in it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::clock::Clock;
use super::lockout::Lockout;
use super::script::Script;
use super::store::Store;
use super::tokens::Tokens;
use crate::domain::settings::Settings;
use crate::domain::world::World;

/// One world and its state.
#[derive(Debug)]
pub struct Space {
    pub(super) world: Arc<World>,
    pub(super) began: Timestamp,
    pub(super) clock: Clock,
    pub(super) script: Script,
    pub(super) store: Store,
    pub(super) lockout: Lockout,
    pub(super) tokens: Tokens,
}

impl Space {
    /// A space in which nothing has happened yet.
    #[must_use]
    pub fn new(world: Arc<World>) -> Self {
        let clock = Clock::default();
        Self {
            began: clock.now(),
            script: Script::new(&world.script, world.settings.seed),
            store: Store::new(Arc::clone(&world)),
            lockout: Lockout::default(),
            tokens: Tokens::default(),
            clock,
            world,
        }
    }

    /// The settings of its world.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.world.settings
    }

    /// Puts the clock of the space forward.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}
