//! All spaces of one simulator, and one space: an isolated world, from its creation to its end.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::iter::repeat_with;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use dashmap::DashMap;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::domain::{AccessKey, Accounts, Credentials, Label, Partner, Secret, StartWorld, User};
use crate::pictures::Buckets;
use crate::simulator::clock::{Clock, machine_time};
use crate::simulator::journal::JournalLimits;
use crate::simulator::metrics::{Leftovers, Metrics, OutcomeCoverage, UnexpectedRequests};
use crate::simulator::saved::{Changes, SavedSpace};
use crate::simulator::space_id::{SimulatorName, SpaceId};
use crate::simulator::state::SpaceState;

/// How many spaces there can be besides the default one. The one that has been idle longest is removed first.
pub const MAX_SPACES: usize = 10_000;

/// How many of the spaces that have been idle longest are remembered, so that not every creation looks at all spaces.
const MAX_IDLE: usize = 100;

/// The most spaces that are searched one by one.
const MAX_SEARCHED: usize = 100;

/// All spaces of one simulator. Nothing is global to the process.
#[derive(Debug)]
pub struct Spaces {
    pub started_at: Timestamp,
    /// What marks the IDs and credentials of its spaces, if several simulators stand behind one address.
    pub name: SimulatorName,
    /// The name of the scenario that is served: the default space began from it.
    pub scenario: Arc<str>,
    pub shared: Arc<Shared>,
    default: Arc<Space>,
    others: DashMap<SpaceId, Arc<Space>>,
    /// The spaces that have been idle longest, longest first, with the times at which they were last used. Held while a
    /// space is added, so that there are never too many.
    idle: Mutex<VecDeque<(Timestamp, SpaceId)>>,
    /// Held while journals are trimmed.
    trimming: Mutex<()>,
    ending: CancellationToken,
}

impl Spaces {
    /// Creates a simulator. `world` is the initial world of the default space.
    pub fn new(scenario: Arc<str>, world: &StartWorld, limits: JournalLimits) -> Self {
        let shared = Arc::new(Shared {
            journal_limits: limits.into(),
            buckets: Buckets::default(),
            metrics: Metrics::default(),
            coverage: OutcomeCoverage::default(),
            unexpected_requests: UnexpectedRequests::default(),
            leftovers: Arc::default(),
            changes: Changes::default(),
        });
        Self {
            started_at: machine_time(),
            name: SimulatorName::default(),
            scenario: Arc::clone(&scenario),
            default: Arc::new(Space::new(SpaceId::DEFAULT, scenario, world, Arc::clone(&shared))),
            shared,
            others: DashMap::new(),
            idle: Mutex::default(),
            trimming: Mutex::default(),
            ending: CancellationToken::new(),
        }
    }

    /// Gives the simulator a name.
    #[must_use]
    pub fn named(self, name: SimulatorName) -> Self {
        Self { name, ..self }
    }

    /// Returns true if the ID is one of a simulator with another name.
    pub fn is_elsewhere(&self, id: SpaceId) -> bool {
        !id.simulator.is_none() && id.simulator != self.name
    }

    /// Returns why there is no space with this ID, or none that a text names.
    pub fn why_missing(&self, id: Option<SpaceId>) -> Cow<'static, str> {
        match id.filter(|id| self.is_elsewhere(*id)) {
            Some(id) => format!("it is a space of {}, which is not here", id.simulator.as_str()).into(),
            None => "it was deleted, gave way to newer ones, or never was".into(),
        }
    }

    /// Adds a space that was saved. One that exists gives way to it.
    pub fn restore(&mut self, saved: SavedSpace) {
        let space = Arc::new(Space::restored(saved, Arc::clone(&self.shared)));
        if space.id == SpaceId::DEFAULT {
            self.default = space;
        } else {
            self.others.insert(space.id, space);
        }
    }

    /// Returns the default space, which always exists.
    pub fn default_space(&self) -> Arc<Space> {
        Arc::clone(&self.default)
    }

    /// Returns the space with this ID, if it exists, and marks it as used.
    pub fn get(&self, id: SpaceId) -> Option<Arc<Space>> {
        let space = self.find(id)?;
        space.touch();
        Some(space)
    }

    /// Returns the space with this ID, if it exists.
    pub fn find(&self, id: SpaceId) -> Option<Arc<Space>> {
        if id == SpaceId::DEFAULT {
            return Some(self.default_space());
        }
        self.others.get(&id).map(|space| Arc::clone(&space))
    }

    /// Returns a space for whose state the condition holds. Only some spaces are looked at if there are many.
    pub fn find_by(&self, condition: impl Fn(&SpaceState) -> bool) -> Option<SpaceId> {
        let some = self.others.iter().take(MAX_SEARCHED).map(|space| Arc::clone(&space)).collect::<Vec<_>>();
        let mut all = [self.default_space()].into_iter().chain(some);
        all.find(|space| condition(&space.state())).map(|space| space.id)
    }

    /// Creates a space. If there are too many, the one that has been idle longest is removed.
    pub fn create(&self, scenario: Arc<str>, label: Option<Label>, world: &StartWorld) -> Arc<Space> {
        let space = Space::new(SpaceId::random(self.name), scenario, world, Arc::clone(&self.shared));
        space.set_label(label);
        let (id, space) = (space.id, Arc::new(space));
        let mut removed = Vec::new();
        let mut idle = self.idle.lock().expect("lock poisoned: idle");
        while self.others.len() >= MAX_SPACES {
            removed.extend(self.remove_idle_longest(&mut idle));
        }
        self.others.insert(id, Arc::clone(&space));
        drop(idle);
        // Freeing large worlds takes time: do it without the lock.
        drop(removed);
        space
    }

    /// Removes the space that has been idle longest. Returns `None` if it has been used or removed by now.
    fn remove_idle_longest(&self, idle: &mut VecDeque<(Timestamp, SpaceId)>) -> Option<Arc<Space>> {
        if idle.is_empty() {
            let mut all: Vec<_> = self.others.iter().map(|space| (space.last_used_at(), space.id)).collect();
            all.sort_unstable();
            all.truncate(MAX_IDLE);
            idle.extend(all);
        }
        let (last_used_at, id) = idle.pop_front()?;
        // All spaces that are not remembered have been used later than this one, unless it has been used since.
        let (_, removed) = self.others.remove_if(&id, |_, space| space.last_used_at() == last_used_at)?;
        removed.removed.cancel();
        Some(removed)
    }

    /// Removes a space. Returns false if there is no such space, or if it is the default one, which stays.
    pub fn remove(&self, id: SpaceId) -> bool {
        let removed = self.others.remove(&id);
        removed.inspect(|(_, space)| space.removed.cancel()).is_some()
    }

    /// Returns all spaces: the default one, then the others by age.
    pub fn list(&self) -> Vec<Arc<Space>> {
        // With the lock, none that comes is counted beside the one that goes for it.
        let idle = self.idle.lock().expect("lock poisoned: idle");
        let mut others: Vec<_> = self.others.iter().map(|space| Arc::clone(&space)).collect();
        drop(idle);
        others.sort_unstable_by_key(|space| (space.created_at, space.id));
        std::iter::once(Arc::clone(&self.default)).chain(others).collect()
    }

    /// Lets the largest journals drop their oldest entries if all together exceed the limit of bytes. Then there is room for
    /// some more, so that this is rarely needed.
    pub fn trim_journals(&self) {
        let limits = &self.shared.journal_limits;
        if !limits.is_exceeded() {
            return;
        }
        let _one_at_a_time = self.trimming.lock().expect("lock poisoned: trimming");
        if !limits.is_exceeded() {
            return;
        }
        let others = self.others.iter().map(|space| space.state());
        let states: Vec<_> = others.chain([self.default.state()]).collect();
        let level = highest_level(states.iter().map(|state| state.journal.bytes()).collect(), limits.max_bytes / 8 * 7);
        for state in states {
            state.journal.shrink_to(level);
        }
    }

    /// Ends the simulator: its servers shut down, and streams without an end of their own end.
    pub fn end(&self) {
        self.ending.cancel();
    }

    /// Is cancelled when the simulator ends.
    pub fn ending(&self) -> CancellationToken {
        self.ending.clone()
    }
}

/// Returns the highest level to which all sizes have to be cut down so that their sum is at most `limit`.
fn highest_level(mut sizes: Vec<usize>, limit: usize) -> usize {
    sizes.sort_unstable();
    let (mut left, mut count) = (limit, sizes.len());
    for size in sizes {
        // Each of those that are left may have so much.
        let share = left / count;
        if size > share {
            return share;
        }
        left -= size;
        count -= 1;
    }
    usize::MAX
}

/// What all spaces share.
#[derive(Debug)]
pub struct Shared {
    pub journal_limits: Arc<JournalLimits>,
    pub(super) buckets: Buckets,
    pub metrics: Metrics,
    /// What the applications of all spaces got, deleted ones included.
    pub coverage: OutcomeCoverage,
    pub unexpected_requests: UnexpectedRequests,
    pub leftovers: Arc<Leftovers>,
    pub changes: Changes,
}

/// The label of a space as it is now, for all that belongs to the space.
#[derive(Clone, Debug, Default)]
pub struct SharedLabel(Arc<RwLock<Option<Label>>>);

impl SharedLabel {
    pub fn get(&self) -> Option<Label> {
        self.0.read().expect("lock poisoned: label").clone()
    }

    pub fn set(&self, label: Option<Label>) {
        *self.0.write().expect("lock poisoned: label") = label;
    }
}

#[derive(Debug)]
pub struct Space {
    pub id: SpaceId,
    pub created_at: Timestamp,
    label: SharedLabel,
    last_used_ms: AtomicI64,
    current: RwLock<Current>,
    removed: CancellationToken,
}

/// What a reset or another world replaces.
#[derive(Debug)]
struct Current {
    scenario: Arc<str>,
    /// The world of the scenario.
    start: StartWorld,
    /// The same with the space's fresh credentials.
    initial: StartWorld,
    state: Arc<SpaceState>,
}

impl Space {
    /// Creates a space with this initial world. All spaces but the default one give their partners fresh credentials.
    pub(super) fn new(id: SpaceId, scenario: Arc<str>, world: &StartWorld, shared: Arc<Shared>) -> Self {
        let initial = with_fresh_credentials(id, world, None);
        let label = SharedLabel::default();
        let state = Arc::new(SpaceState::first(id, label.clone(), initial.clone(), shared));
        let created_at = machine_time();
        let last_used_ms = AtomicI64::new(created_at.as_millisecond());
        let current = RwLock::new(Current { scenario, start: world.clone(), initial, state });
        Self { id, created_at, label, last_used_ms, current, removed: CancellationToken::new() }
    }

    /// Returns the space that goes on from a saved one.
    fn restored(saved: SavedSpace, shared: Arc<Shared>) -> Self {
        let SavedSpace { id, label: text, created_at, last_used_at, scenario, start, initial, state } = saved;
        let label = SharedLabel::default();
        label.set(text);
        let state = Arc::new(SpaceState::restored(id, label.clone(), initial.clone(), state, shared));
        let last_used_ms = AtomicI64::new(last_used_at.as_millisecond());
        let current = RwLock::new(Current { scenario, start, initial, state });
        Self { id, created_at, label, last_used_ms, current, removed: CancellationToken::new() }
    }

    /// Returns all that is kept over a restart.
    pub fn save(&self) -> SavedSpace {
        let parts = |current: &Current| {
            let (start, initial) = (current.start.clone(), current.initial.clone());
            (Arc::clone(&current.scenario), start, initial, Arc::clone(&current.state))
        };
        let (scenario, start, initial, state) = self.with_current(parts);
        let (id, created_at, last_used_at) = (self.id, self.created_at, self.last_used_at());
        SavedSpace { id, label: self.label(), created_at, last_used_at, scenario, start, initial, state: state.save() }
    }

    /// Returns what people call the space.
    pub fn label(&self) -> Option<Label> {
        self.label.get()
    }

    pub fn set_label(&self, label: Option<Label>) {
        self.label.set(label);
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

    /// Returns true if the space was deleted or gave way to newer ones.
    pub fn is_removed(&self) -> bool {
        self.removed.is_cancelled()
    }

    /// Waits until the space is deleted or gives way to newer ones.
    pub async fn removed(&self) {
        self.removed.cancelled().await;
    }

    pub(super) fn touch(&self) {
        self.last_used_ms.store(machine_time().as_millisecond(), Ordering::Relaxed);
    }

    /// Starts again from the initial world, with an empty journal and the machine's time.
    pub fn reset(&self) {
        let mut current = self.current.write().expect("lock poisoned: space");
        let state = current.state.next(current.initial.clone(), Clock::default());
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
        let state = Arc::new(current.state.next(initial.clone(), current.state.clock.clone()));
        let before = std::mem::replace(&mut *current, Current { scenario, start: world.clone(), initial, state });
        drop(current);
        // Freeing a large world takes time: do it without the lock.
        drop(before);
        true
    }

    fn with_current<T>(&self, read: impl FnOnce(&Current) -> T) -> T {
        read(&self.current.read().expect("lock poisoned: space"))
    }
}

/// Puts a token, an access key and a user of the space in front of each partner's credentials, so that a client needs nothing
/// else to reach the space. The default space needs none.
fn with_fresh_credentials(id: SpaceId, world: &StartWorld, before: Option<&StartWorld>) -> StartWorld {
    if id == SpaceId::DEFAULT {
        return world.clone();
    }
    with_credentials(world, |accounts, partner| {
        let existing = before.and_then(|before| before.accounts.partner(&partner.name));
        match existing.map(|existing| &existing.credentials) {
            Some(Credentials { tokens, access_keys, users }) => {
                (tokens[0].clone(), access_keys[0].clone(), users[0].clone())
            }
            None => {
                // A key has few random digits besides the space's ID: two keys could be equal.
                let is_taken = |accounts: &Accounts, key: &AccessKey| accounts.access_key(&key.ak).is_some();
                let is_new = |key: &AccessKey| {
                    !is_taken(accounts, key) && !before.is_some_and(|before| is_taken(&before.accounts, key))
                };
                let key = repeat_with(|| id.new_access_key()).find(is_new).expect("repeat_with never ends");
                (id.new_token(), key, id.new_user())
            }
        }
    })
}

/// Puts a token, an access key and a user in front of each partner's credentials.
pub fn with_credentials(
    world: &StartWorld,
    mut of: impl FnMut(&Accounts, &Partner) -> (Secret, AccessKey, User),
) -> StartWorld {
    let mut accounts = (*world.accounts).clone();
    for partner in &world.accounts.partners {
        let (token, key, user) = of(&accounts, partner);
        let mut fresh = Partner::clone(partner);
        let Credentials { tokens, access_keys, users } = &mut fresh.credentials;
        tokens.retain(|listed| *listed != token);
        access_keys.retain(|listed| listed.ak != key.ak);
        users.retain(|listed| listed.name != user.name);
        tokens.insert(0, token);
        access_keys.insert(0, key);
        users.insert(0, user);
        accounts.put_partner(fresh);
    }
    StartWorld { accounts: Arc::new(accounts), ..world.clone() }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    fn spaces(count: usize) -> Spaces {
        let spaces = Spaces::new("default".into(), &StartWorld::default(), JournalLimits::new(10, 1000));
        (0..count).for_each(|_| drop(create(&spaces)));
        spaces
    }

    fn create(spaces: &Spaces) -> Arc<Space> {
        spaces.create("default".into(), None, &StartWorld::default())
    }

    #[test]
    fn create_in_many_threads_never_exceeds_the_limit() {
        const THREADS: usize = 50;
        let spaces = spaces(MAX_SPACES - THREADS);
        let together = Barrier::new(THREADS);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    together.wait();
                    for _ in 0..20 {
                        let created = create(&spaces);
                        assert!(spaces.find(created.id).is_some(), "the newest spaces stay");
                        // Without the lock, a count could have both the space that goes and the one that comes.
                        let _adding = spaces.idle.lock().expect("lock poisoned: idle");
                        assert!(spaces.others.len() <= MAX_SPACES);
                    }
                });
            }
        });
        assert_eq!(spaces.others.len(), MAX_SPACES);
    }

    #[test]
    fn create_removes_those_that_have_been_idle_longest() {
        let spaces = spaces(MAX_SPACES);
        let by_age = spaces.list().split_off(1);
        for (age, space) in (0..).zip(&by_age) {
            space.last_used_ms.store(age, Ordering::Relaxed);
        }
        create(&spaces);
        // Those that are remembered as idle are used or removed before their turn comes.
        spaces.get(by_age[1].id).expect("a space");
        spaces.remove(by_age[2].id);
        (0..2 * MAX_IDLE).for_each(|_| drop(create(&spaces)));
        let left: Vec<_> =
            by_age.iter().filter(|space| spaces.find(space.id).is_some()).map(|space| space.id).collect();
        let used_later = by_age.iter().skip(2 * MAX_IDLE + 2).map(|space| space.id);
        assert_eq!(left, std::iter::once(by_age[1].id).chain(used_later).collect::<Vec<_>>());
        assert_eq!(spaces.others.len(), MAX_SPACES);
    }
}
