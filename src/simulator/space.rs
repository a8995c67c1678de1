//! A space: one isolated world, from its creation to its end.

use std::iter::repeat_with;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, RwLock};

use jiff::Timestamp;

use super::clock::{Clock, machine_time};
use super::space_id::SpaceId;
use super::state::SpaceState;
use crate::domain::account::Partner;
use crate::domain::credentials::AccessKey;
use crate::domain::credentials::Accounts;
use crate::domain::world::World;
use crate::simulator::spaces::Shared;

/// One isolated world.
#[derive(Debug)]
pub struct Space {
    id: SpaceId,
    created: Timestamp,
    last_used_ms: AtomicI64,
    shared: Arc<Shared>,
    now: RwLock<Now>,
}

/// What a space is at present.
#[derive(Debug)]
struct Now {
    scenario: Arc<str>,
    origin: World,
    state: Arc<SpaceState>,
}

impl Space {
    /// A space that starts from a world. All but the default one give their partners fresh credentials.
    pub(super) fn new(id: SpaceId, scenario: Arc<str>, world: &World, shared: Arc<Shared>) -> Self {
        let origin = with_fresh_credentials(id, world, None);
        let state = Arc::new(SpaceState::new(id, origin.clone(), Clock::default(), Arc::clone(&shared)));
        let created = machine_time();
        let last_used_ms = AtomicI64::new(created.as_millisecond());
        Self { id, created, last_used_ms, shared, now: RwLock::new(Now { scenario, origin, state }) }
    }

    /// Its ID.
    pub fn id(&self) -> SpaceId {
        self.id
    }

    /// When it was created, by the machine's clock.
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// When it was last asked something, by the machine's clock.
    pub fn last_used(&self) -> Timestamp {
        Timestamp::from_millisecond(self.last_used_ms.load(Ordering::Relaxed)).unwrap_or(self.created)
    }

    /// The name of the scenario that it started from.
    pub fn scenario(&self) -> Arc<str> {
        self.with_now(|now| Arc::clone(&now.scenario))
    }

    /// The present era.
    pub fn state(&self) -> Arc<SpaceState> {
        self.with_now(|now| Arc::clone(&now.state))
    }

    /// Notes that somebody asks something.
    pub(super) fn touch(&self) {
        self.last_used_ms.store(machine_time().as_millisecond(), Ordering::Relaxed);
    }

    /// Begins again: state, script, journal and clock as its world made them.
    pub fn reset(&self) {
        let mut now = self.now.write().expect("nothing panics while it holds the present");
        now.state = Arc::new(SpaceState::new(self.id, now.origin.clone(), Clock::default(), Arc::clone(&self.shared)));
    }

    /// Begins again from another world, at the same time. Partners that were there before keep their fresh
    /// credentials.
    pub fn replace(&self, scenario: Arc<str>, world: &World) {
        self.replace_if(|_| true, scenario, world);
    }

    /// The same, if it is the default space and began from the first of these worlds. False: it did not, or was replaced
    /// since.
    pub fn follow(&self, before: &World, scenario: Arc<str>, world: &World) -> bool {
        self.replace_if(|now| now.origin.is_same(before), scenario, world)
    }

    /// True when it is the default space and began from this world, and was not replaced since.
    pub fn is_of(&self, world: &World) -> bool {
        self.with_now(|now| now.origin.is_same(world))
    }

    fn replace_if(&self, condition: impl FnOnce(&Now) -> bool, scenario: Arc<str>, world: &World) -> bool {
        let mut now = self.now.write().expect("nothing panics while it holds the present");
        if !condition(&now) {
            return false;
        }
        let origin = with_fresh_credentials(self.id, world, Some(&now.origin));
        let state =
            Arc::new(SpaceState::new(self.id, origin.clone(), now.state.clock.like(), Arc::clone(&self.shared)));
        let before = std::mem::replace(&mut *now, Now { scenario, origin, state });
        drop(now);
        // It may be large, and nobody is to wait until it is gone.
        drop(before);
        true
    }

    fn with_now<T>(&self, read: impl FnOnce(&Now) -> T) -> T {
        read(&self.now.read().expect("nothing panics while it holds the present"))
    }
}

/// The world with a credential of its own for each partner in front of those it lists, so that a client needs no
/// more than these to reach the space. The default space needs none.
fn with_fresh_credentials(id: SpaceId, world: &World, before: Option<&World>) -> World {
    if id == SpaceId::DEFAULT {
        return world.clone();
    }
    let mut accounts = (*world.accounts).clone();
    for partner in &world.accounts.partners {
        let known = before.and_then(|before| before.accounts.partner(&partner.name));
        let (token, key) = match known.map(|known| &known.credentials) {
            Some(known) => (known.tokens[0].clone(), known.access_keys[0].clone()),
            None => {
                // Besides the space's ID there is little room for chance in an access key: two could be alike.
                let is_taken = |accounts: &Accounts, key: &AccessKey| accounts.access_key(&key.ak).is_some();
                let is_new = |key: &AccessKey| {
                    !is_taken(&accounts, key) && !before.is_some_and(|before| is_taken(&before.accounts, key))
                };
                let key = repeat_with(|| id.new_access_key()).find(is_new).expect("there is always another one");
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
    World { accounts: Arc::new(accounts), ..world.clone() }
}
