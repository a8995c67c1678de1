//! A space: one isolated world, from its creation to its end.

use std::iter::repeat_with;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, RwLock};

use jiff::Timestamp;

use crate::domain::account::Partner;
use crate::domain::credentials::{AccessKey, Accounts};
use crate::domain::world::StartWorld;
use crate::simulator::clock::{Clock, machine_time};
use crate::simulator::space_id::SpaceId;
use crate::simulator::spaces::Shared;
use crate::simulator::state::SpaceState;

#[derive(Debug)]
pub struct Space {
    pub id: SpaceId,
    pub created_at: Timestamp,
    last_used_ms: AtomicI64,
    shared: Arc<Shared>,
    current: RwLock<Current>,
}

/// What a reset or another world replaces.
#[derive(Debug)]
struct Current {
    scenario: Arc<str>,
    initial: StartWorld,
    state: Arc<SpaceState>,
}

impl Space {
    /// Creates a space with this initial world. All spaces but the default one give their partners fresh credentials.
    pub(super) fn new(id: SpaceId, scenario: Arc<str>, world: &StartWorld, shared: Arc<Shared>) -> Self {
        let initial = with_fresh_credentials(id, world, None);
        let state = Arc::new(SpaceState::new(id, initial.clone(), Clock::default(), Arc::clone(&shared)));
        let created_at = machine_time();
        let last_used_ms = AtomicI64::new(created_at.as_millisecond());
        Self { id, created_at, last_used_ms, shared, current: RwLock::new(Current { scenario, initial, state }) }
    }

    /// Returns when the space was last looked up, by the machine's clock.
    pub fn last_used_at(&self) -> Timestamp {
        Timestamp::from_millisecond(self.last_used_ms.load(Ordering::Relaxed)).unwrap_or(self.created_at)
    }

    pub fn scenario(&self) -> Arc<str> {
        self.with_current(|current| Arc::clone(&current.scenario))
    }

    pub fn state(&self) -> Arc<SpaceState> {
        self.with_current(|current| Arc::clone(&current.state))
    }

    pub(super) fn touch(&self) {
        self.last_used_ms.store(machine_time().as_millisecond(), Ordering::Relaxed);
    }

    /// Starts again from the initial world, with an empty journal and the machine's time.
    pub fn reset(&self) {
        let mut current = self.current.write().expect("lock poisoned: space");
        let state = SpaceState::new(self.id, current.initial.clone(), Clock::default(), Arc::clone(&self.shared));
        current.state = Arc::new(state);
    }

    /// Starts again from another world, at the same time. Partners that exist in both keep their fresh credentials.
    pub fn replace(&self, scenario: Arc<str>, world: &StartWorld) {
        self.replace_if(|_| true, scenario, world);
    }

    /// Does the same as [`replace`](Self::replace), but only if the space started from `before`. Returns false if it did
    /// not, or if its world has been replaced.
    pub fn replace_if_started_from(&self, before: &StartWorld, scenario: Arc<str>, world: &StartWorld) -> bool {
        self.replace_if(|current| current.initial.is_same(before), scenario, world)
    }

    /// Returns true if the space started from this world. Only the default space can: others have fresh credentials.
    pub fn started_from(&self, world: &StartWorld) -> bool {
        self.with_current(|current| current.initial.is_same(world))
    }

    fn replace_if(&self, condition: impl FnOnce(&Current) -> bool, scenario: Arc<str>, world: &StartWorld) -> bool {
        let mut current = self.current.write().expect("lock poisoned: space");
        if !condition(&current) {
            return false;
        }
        let initial = with_fresh_credentials(self.id, world, Some(&current.initial));
        let clock = current.state.clock.clone();
        let state = Arc::new(SpaceState::new(self.id, initial.clone(), clock, Arc::clone(&self.shared)));
        let before = std::mem::replace(&mut *current, Current { scenario, initial, state });
        drop(current);
        // Freeing a large world takes time: do it without the lock.
        drop(before);
        true
    }

    fn with_current<T>(&self, read: impl FnOnce(&Current) -> T) -> T {
        read(&self.current.read().expect("lock poisoned: space"))
    }
}

/// Puts a token and an access key of the space in front of each partner's credentials, so that a client needs nothing else
/// to reach the space. The default space needs none.
fn with_fresh_credentials(id: SpaceId, world: &StartWorld, before: Option<&StartWorld>) -> StartWorld {
    if id == SpaceId::DEFAULT {
        return world.clone();
    }
    let mut accounts = (*world.accounts).clone();
    for partner in &world.accounts.partners {
        let existing = before.and_then(|before| before.accounts.partner(&partner.name));
        let (token, key) = match existing.map(|existing| &existing.credentials) {
            Some(credentials) => (credentials.tokens[0].clone(), credentials.access_keys[0].clone()),
            None => {
                // A key has few random digits besides the space's ID: two keys could be equal.
                let is_taken = |accounts: &Accounts, key: &AccessKey| accounts.access_key(&key.ak).is_some();
                let is_new = |key: &AccessKey| {
                    !is_taken(&accounts, key) && !before.is_some_and(|before| is_taken(&before.accounts, key))
                };
                let key = repeat_with(|| id.new_access_key()).find(is_new).expect("repeat_with never ends");
                (id.new_token(), key)
            }
        };
        let mut fresh = Partner::clone(partner);
        fresh.credentials.tokens.retain(|listed| *listed != token);
        fresh.credentials.access_keys.retain(|listed| listed.ak != key.ak);
        fresh.credentials.tokens.insert(0, token);
        fresh.credentials.access_keys.insert(0, key);
        accounts.put_partner(fresh);
    }
    StartWorld { accounts: Arc::new(accounts), ..world.clone() }
}
