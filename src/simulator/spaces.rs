//! All spaces of one simulator.

use std::sync::Arc;

use dashmap::DashMap;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::domain::world::StartWorld;
use crate::pictures::Buckets;
use crate::simulator::clock::machine_time;
use crate::simulator::journal::JournalLimits;
use crate::simulator::metrics::{Leftovers, Metrics, UnexpectedRequests};
use crate::simulator::space::Space;
use crate::simulator::space_id::SpaceId;

/// How many spaces there can be besides the default one. The one that has been idle longest is removed first.
const MAX_SPACES: usize = 10_000;

/// All spaces of one simulator. Nothing is global to the process.
#[derive(Debug)]
pub struct Spaces {
    pub started_at: Timestamp,
    pub shared: Arc<Shared>,
    default: Arc<Space>,
    others: DashMap<SpaceId, Arc<Space>>,
    ending: CancellationToken,
}

impl Spaces {
    /// Creates a simulator. `world` is the initial world of the default space.
    pub fn new(scenario: Arc<str>, world: &StartWorld, limits: JournalLimits) -> Self {
        let shared = Arc::new(Shared {
            journal_limits: limits.into(),
            buckets: Buckets::default(),
            metrics: Metrics::default(),
            unexpected_requests: UnexpectedRequests::default(),
            leftovers: Arc::default(),
        });
        Self {
            started_at: machine_time(),
            default: Arc::new(Space::new(SpaceId::DEFAULT, scenario, world, Arc::clone(&shared))),
            shared,
            others: DashMap::new(),
            ending: CancellationToken::new(),
        }
    }

    /// Returns the default space, which always exists.
    pub fn default_space(&self) -> Arc<Space> {
        Arc::clone(&self.default)
    }

    /// Returns the space with this ID, if it exists, and marks it as used.
    pub fn get(&self, id: SpaceId) -> Option<Arc<Space>> {
        if id == SpaceId::DEFAULT {
            return Some(self.default_space());
        }
        let space = self.others.get(&id).map(|space| Arc::clone(&space))?;
        space.touch();
        Some(space)
    }

    /// Creates a space. If there are too many, the one that has been idle longest is removed.
    pub fn create(&self, scenario: Arc<str>, world: &StartWorld) -> Arc<Space> {
        if self.others.len() >= MAX_SPACES {
            let idle_longest = self.others.iter().min_by_key(|space| space.last_used_at()).map(|space| space.id);
            if let Some(id) = idle_longest {
                self.others.remove(&id);
            }
        }
        let id = SpaceId::random();
        let space = Arc::new(Space::new(id, scenario, world, Arc::clone(&self.shared)));
        self.others.insert(id, Arc::clone(&space));
        space
    }

    /// Removes a space. Returns false if there is no such space, or if it is the default one, which stays.
    pub fn remove(&self, id: SpaceId) -> bool {
        self.others.remove(&id).is_some()
    }

    /// Returns all spaces: the default one, then the others by age.
    pub fn list(&self) -> Vec<Arc<Space>> {
        let mut others: Vec<_> = self.others.iter().map(|space| Arc::clone(&space)).collect();
        others.sort_unstable_by_key(|space| (space.created_at, space.id));
        std::iter::once(Arc::clone(&self.default)).chain(others).collect()
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

/// What all spaces share.
#[derive(Debug)]
pub struct Shared {
    pub journal_limits: Arc<JournalLimits>,
    pub(super) buckets: Buckets,
    pub metrics: Metrics,
    pub unexpected_requests: UnexpectedRequests,
    pub leftovers: Arc<Leftovers>,
}
