//! The script of a space: its scripted answers, with the number of their uses.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock, RwLockReadGuard};
use std::time::Duration;

use crate::domain::{Answer, Application, DurationText, Partner, ScriptedAnswer};
use crate::simulator::metrics::Leftovers;

/// How many scripted answers a space can have.
const MAX_ANSWERS: usize = 10_000;

#[derive(Debug)]
pub struct Script {
    seed: u64,
    entries: RwLock<Vec<ScriptEntry>>,
    leftovers: Arc<Leftovers>,
}

#[derive(Debug)]
struct ScriptEntry {
    answer: Arc<ScriptedAnswer>,
    matched: AtomicUsize,
    used: AtomicUsize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct ScriptUse {
    /// In the script.
    pub(super) place: usize,
    pub(super) delay: Duration,
    pub(super) answer: Answer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a space takes {MAX_ANSWERS} scripted answers at the most")]
pub struct TooManyAnswers;

impl From<Arc<ScriptedAnswer>> for ScriptEntry {
    fn from(answer: Arc<ScriptedAnswer>) -> Self {
        Self { answer, matched: AtomicUsize::new(0), used: AtomicUsize::new(0) }
    }
}

impl ScriptEntry {
    fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn is_left(&self, used: usize) -> bool {
        self.answer.times.is_none_or(|times| used < times)
    }
}

impl Script {
    pub(super) fn new(answers: &[Arc<ScriptedAnswer>], seed: u64, leftovers: Arc<Leftovers>) -> Self {
        Self { seed, entries: RwLock::new(answers.iter().cloned().map(Into::into).collect()), leftovers }
    }

    /// Adds scripted answers at the end. Returns the place of the first.
    pub(super) fn add(&self, answers: Vec<ScriptedAnswer>) -> Result<usize, TooManyAnswers> {
        let mut entries = self.entries.write().expect("lock poisoned: script");
        let place = entries.len();
        if place + answers.len() > MAX_ANSWERS {
            return Err(TooManyAnswers);
        }
        entries.extend(answers.into_iter().map(|answer| Arc::new(answer).into()));
        Ok(place)
    }

    pub fn clear(&self) {
        let entries = std::mem::take(&mut *self.entries.write().expect("lock poisoned: script"));
        for entry in entries {
            self.leftovers.record(Arc::clone(&entry.answer), entry.used());
        }
    }

    /// Returns every scripted answer with the number of its uses.
    pub fn uses(&self) -> Vec<(Arc<ScriptedAnswer>, usize)> {
        self.read().iter().map(|entry| (Arc::clone(&entry.answer), entry.used())).collect()
    }

    /// Returns the scripted answers that remain, without the uses so far.
    pub(super) fn remaining(&self) -> Vec<Arc<ScriptedAnswer>> {
        self.uses().into_iter().filter_map(|(answer, used)| answer.remaining_after(used).map(Arc::new)).collect()
    }

    /// Uses the first scripted answer that matches and is not used up.
    pub(super) fn use_next(&self, caller: &Partner, application: &Application<'_>) -> Option<ScriptUse> {
        self.find(caller, application, |place, entry| {
            if !self.is_drawn(place, entry, entry.matched.fetch_add(1, Ordering::Relaxed)) {
                return None;
            }
            let next = |used| entry.is_left(used).then_some(used + 1);
            entry.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok()
        })
    }

    /// Returns what `use_next` would return, without a use.
    pub(super) fn preview_next(&self, caller: &Partner, application: &Application<'_>) -> Option<ScriptUse> {
        self.find(caller, application, |place, entry| {
            let used = entry.used();
            let is_drawn = self.is_drawn(place, entry, entry.matched.load(Ordering::Relaxed));
            (is_drawn && entry.is_left(used)).then_some(used)
        })
    }

    /// Returns the first scripted answer that matches and for which `select` returns the number of uses before this one.
    fn find(
        &self,
        caller: &Partner,
        application: &Application<'_>,
        select: impl Fn(usize, &ScriptEntry) -> Option<usize>,
    ) -> Option<ScriptUse> {
        self.read().iter().enumerate().find_map(|(place, entry)| {
            let answer = &entry.answer;
            let used = answer.when.matches(caller, application).then(|| select(place, entry))??;
            let delay = answer.delay.map_or(Duration::ZERO, |DurationText(delay)| delay);
            Some(ScriptUse { place, delay, answer: answer.step(used) })
        })
    }

    /// Draws whether a match gets the answer. For one seed the n-th match of an answer always has the same result.
    fn is_drawn(&self, place: usize, entry: &ScriptEntry, matched: usize) -> bool {
        let drawn = split_mix(split_mix(self.seed ^ place as u64) ^ matched as u64);
        #[expect(clippy::cast_precision_loss, reason = "the remaining 53 bits fit into a double")]
        let share = (drawn >> 11) as f64 / (1_u64 << 53) as f64;
        share < entry.answer.probability
    }

    fn read(&self) -> RwLockReadGuard<'_, Vec<ScriptEntry>> {
        self.entries.read().expect("lock poisoned: script")
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Steele, Lea and Flood's `SplitMix64`: a well-mixed number for each input.
const fn split_mix(input: u64) -> u64 {
    let z = input.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
