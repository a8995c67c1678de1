//! The simulator: all spaces.

use std::sync::Arc;

use dashmap::DashMap;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::domain::world::World;
use crate::pictures::Buckets;
use crate::simulator::clock::machine_time;
use crate::simulator::journal::JournalLimits;
use crate::simulator::metrics::{Leftovers, Metrics, UnexpectedRequests};
use crate::simulator::space::Space;
use crate::simulator::space_id::SpaceId;

/// The most spaces besides the default one; the one that was idle longest goes first.
const MAX_SPACES: usize = 10_000;

/// All spaces of one simulator. Nothing of it is global to the process.
#[derive(Debug)]
pub struct Spaces {
    began: Timestamp,
    default: Arc<Space>,
    others: DashMap<SpaceId, Arc<Space>>,
    shared: Arc<Shared>,
    is_ending: watch::Sender<bool>,
}

impl Spaces {
    /// A simulator whose default space starts from this world.
    pub fn new(scenario: Arc<str>, world: &World, limits: JournalLimits) -> Self {
        let shared = Arc::new(Shared::new(limits));
        Self {
            began: machine_time(),
            default: Arc::new(Space::new(SpaceId::DEFAULT, scenario, world, Arc::clone(&shared))),
            others: DashMap::new(),
            shared,
            is_ending: watch::Sender::new(false),
        }
    }

    /// When it began, by the machine's clock.
    pub fn began(&self) -> Timestamp {
        self.began
    }

    /// The space with this ID, for somebody who asks it something; absent: it is gone, or never was.
    pub fn space(&self, id: SpaceId) -> Option<Arc<Space>> {
        if id == SpaceId::DEFAULT {
            return Some(Arc::clone(&self.default));
        }
        let space = self.others.get(&id).map(|space| Arc::clone(&space))?;
        space.touch();
        Some(space)
    }

    /// Creates a space. When there are too many, the one that was idle longest goes.
    pub fn create(&self, scenario: Arc<str>, world: &World) -> Arc<Space> {
        if self.others.len() >= MAX_SPACES {
            let idlest = self.others.iter().min_by_key(|space| space.last_used()).map(|space| space.id());
            if let Some(id) = idlest {
                self.others.remove(&id);
            }
        }
        let id = SpaceId::random();
        let space = Arc::new(Space::new(id, scenario, world, Arc::clone(&self.shared)));
        self.others.insert(id, Arc::clone(&space));
        space
    }

    /// Removes a space; false when there is none. The default one stays.
    pub fn remove(&self, id: SpaceId) -> bool {
        self.others.remove(&id).is_some()
    }

    /// All spaces, the default one first, then by their age.
    pub fn all(&self) -> Vec<Arc<Space>> {
        let mut others: Vec<_> = self.others.iter().map(|space| Arc::clone(&space)).collect();
        others.sort_unstable_by_key(|space| (space.created(), space.id()));
        std::iter::once(Arc::clone(&self.default)).chain(others).collect()
    }

    /// How often each kind of answer was given.
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// The requests that the gateway refused, which no script had asked for.
    pub fn unexpected_requests(&self) -> &UnexpectedRequests {
        &self.shared.unexpected_requests
    }

    /// The scripted answers that were not given as often as they were meant to be, of scripts that have ended.
    pub fn leftovers(&self) -> &Leftovers {
        &self.shared.leftovers
    }

    /// The journals of all spaces.
    pub fn journals(&self) -> &JournalLimits {
        &self.shared.limits
    }

    /// Tells whoever follows something without an end that the simulator ends.
    pub fn end(&self) {
        self.is_ending.send_replace(true);
    }

    /// Becomes true when the simulator ends.
    pub fn ending(&self) -> watch::Receiver<bool> {
        self.is_ending.subscribe()
    }
}

/// What the spaces of one simulator have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) limits: JournalLimits,
    pub(super) buckets: Buckets,
    pub(super) metrics: Metrics,
    pub(super) unexpected_requests: UnexpectedRequests,
    pub(super) leftovers: Arc<Leftovers>,
}

impl Shared {
    pub(super) fn new(limits: JournalLimits) -> Self {
        let (buckets, metrics) = (Buckets::default(), Metrics::default());
        Self { limits, buckets, metrics, unexpected_requests: UnexpectedRequests::default(), leftovers: Arc::default() }
    }
}
