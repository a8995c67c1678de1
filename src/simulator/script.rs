//! The script of a space: its scripted answers, with the number of their uses.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use crate::domain::{ScriptedAnswer, ScriptedRequest, StartWorld, Step};
use crate::simulator::metrics::{Leftover, Leftovers};
use crate::simulator::space_id::SpaceId;
use crate::simulator::spaces::SharedLabel;

/// How many scripted answers a space can have.
const MAX_ANSWERS: usize = 10_000;

/// What is drawn: each purpose has draws of its own.
const PROBABILITY: u64 = 0;
const DELAY: u64 = 1 << 63;

#[derive(Debug)]
pub struct Script {
    space: SpaceId,
    label: SharedLabel,
    seed: u64,
    entries: RwLock<ScriptEntries>,
    leftovers: Arc<Leftovers>,
}

#[derive(Debug, Default)]
struct ScriptEntries {
    /// In the order in which they are tried.
    list: Vec<ScriptEntry>,
    /// The place of the first one of the world. Draws count from it, so that they are the same after a reset.
    first_place: usize,
    /// The place of the next one. A place is given once.
    next_place: usize,
}

#[derive(Debug)]
struct ScriptEntry {
    place: usize,
    answer: Arc<ScriptedAnswer>,
    matched: AtomicUsize,
    used: AtomicUsize,
}

/// A use of a scripted answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptUse {
    /// In the script.
    pub place: usize,
    /// How long the answer is held back.
    pub delay: Duration,
}

/// A scripted answer with its uses.
#[derive(Clone, Debug)]
pub struct ScriptedUses {
    pub place: usize,
    /// How many requests matched, also those that a draw spared.
    pub matched: usize,
    pub used: usize,
    pub answer: Arc<ScriptedAnswer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a space takes {MAX_ANSWERS} scripted answers at the most")]
pub struct TooManyAnswers;

impl ScriptEntries {
    fn add(&mut self, answer: Arc<ScriptedAnswer>) {
        let (matched, used) = (AtomicUsize::new(0), AtomicUsize::new(0));
        self.list.push(ScriptEntry { place: self.next_place, answer, matched, used });
        self.next_place += 1;
    }
}

impl ScriptEntry {
    fn uses(&self) -> ScriptedUses {
        let matched = self.matched.load(Ordering::Relaxed);
        ScriptedUses { place: self.place, matched, used: self.used(), answer: Arc::clone(&self.answer) }
    }

    fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn is_left(&self, used: usize) -> bool {
        self.answer.times.is_none_or(|times| used < times)
    }
}

impl Script {
    /// Creates the script of a world, whose first answer gets this place.
    pub(super) fn new(
        space: SpaceId,
        label: SharedLabel,
        world: &StartWorld,
        leftovers: Arc<Leftovers>,
        first_place: usize,
    ) -> Self {
        let mut entries = ScriptEntries { list: Vec::new(), first_place, next_place: first_place };
        world.script.iter().cloned().for_each(|answer| entries.add(answer));
        Self { space, label, seed: world.settings.seed, entries: RwLock::new(entries), leftovers }
    }

    /// Adds scripted answers at the end. Returns the place of the first.
    pub(super) fn add(&self, answers: Vec<ScriptedAnswer>) -> Result<usize, TooManyAnswers> {
        let mut entries = self.write();
        if entries.list.len() + answers.len() > MAX_ANSWERS {
            return Err(TooManyAnswers);
        }
        let place = entries.next_place;
        for answer in answers {
            entries.add(Arc::new(answer));
        }
        Ok(place)
    }

    /// Removes the scripted answer at a place. Returns false if there is none.
    pub fn remove(&self, place: usize) -> bool {
        let mut entries = self.write();
        let Ok(index) = entries.list.binary_search_by_key(&place, |entry| entry.place) else { return false };
        let removed = entries.list.remove(index);
        drop(entries);
        self.leave(&removed);
        true
    }

    pub fn clear(&self) {
        let entries = std::mem::take(&mut self.write().list);
        for entry in &entries {
            self.leave(entry);
        }
    }

    /// Adds what is left of a scripted answer to the leftovers.
    fn leave(&self, entry: &ScriptEntry) {
        let (answer, used) = (Arc::clone(&entry.answer), entry.used());
        self.leftovers.record(Leftover { space: self.space, label: self.label.get(), answer, used });
    }

    /// Returns every scripted answer with the number of its uses.
    pub fn uses(&self) -> Vec<ScriptedUses> {
        self.read().list.iter().map(ScriptEntry::uses).collect()
    }

    /// Returns every scripted answer with the number of its uses, and the places from the first one of the world to the next.
    pub(super) fn save(&self) -> (Vec<ScriptedUses>, Range<usize>) {
        let entries = self.read();
        (entries.list.iter().map(ScriptEntry::uses).collect(), entries.first_place..entries.next_place)
    }

    /// Returns the place of the next scripted answer.
    pub(super) fn next_place(&self) -> usize {
        self.read().next_place
    }

    /// Puts these in the place of all scripted answers, in the order of their places.
    pub(super) fn restore(&self, answers: Vec<ScriptedUses>, places: Range<usize>) {
        let entry = |ScriptedUses { place, matched, used, answer }| ScriptEntry {
            place,
            answer,
            matched: matched.into(),
            used: used.into(),
        };
        let list = answers.into_iter().map(entry).collect();
        *self.write() = ScriptEntries { list, first_place: places.start, next_place: places.end };
    }

    /// Returns the scripted answers that remain, without the uses so far.
    pub(super) fn remaining(&self) -> Vec<Arc<ScriptedAnswer>> {
        let remaining = |uses: ScriptedUses| uses.answer.remaining_after(uses.used).map(Arc::new);
        self.uses().into_iter().filter_map(remaining).collect()
    }

    /// Uses the first scripted answer that matches and is not used up. Without a step, the rules answer.
    pub fn use_next(&self, request: &ScriptedRequest<'_, '_>) -> Option<(ScriptUse, Option<Step>)> {
        self.find(request, |entry, number| {
            let matched = entry.matched.fetch_add(1, Ordering::Relaxed);
            if !self.is_drawn(entry, number, matched) {
                return None;
            }
            let next = |used| entry.is_left(used).then_some(used + 1);
            entry.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok().map(|used| (matched, used))
        })
    }

    /// Returns what `use_next` would return, without a use.
    pub fn preview_next(&self, request: &ScriptedRequest<'_, '_>) -> Option<(ScriptUse, Option<Step>)> {
        self.find(request, |entry, number| {
            let (used, matched) = (entry.used(), entry.matched.load(Ordering::Relaxed));
            (self.is_drawn(entry, number, matched) && entry.is_left(used)).then_some((matched, used))
        })
    }

    /// Returns the first scripted answer that matches and for which `select` returns the numbers of matches and of uses
    /// before this one. `select` also gets the answer's number since the world began.
    fn find(
        &self,
        request: &ScriptedRequest<'_, '_>,
        select: impl Fn(&ScriptEntry, usize) -> Option<(usize, usize)>,
    ) -> Option<(ScriptUse, Option<Step>)> {
        let entries = self.read();
        entries.list.iter().find_map(|entry| {
            let ScriptEntry { place, answer, .. } = entry;
            let number = place - entries.first_place;
            let (matched, used) = answer.when.matches(request).then(|| select(entry, number))??;
            let delay = answer.delay.at(self.draw(DELAY, number, matched));
            Some((ScriptUse { place: *place, delay }, answer.step(used).cloned()))
        })
    }

    /// Draws whether a match gets the answer.
    fn is_drawn(&self, entry: &ScriptEntry, number: usize, matched: usize) -> bool {
        self.draw(PROBABILITY, number, matched) < entry.answer.probability
    }

    /// Draws a share from 0 to 1. For one seed the n-th match of an answer always has the same one.
    fn draw(&self, purpose: u64, number: usize, matched: usize) -> f64 {
        let drawn = split_mix(split_mix(self.seed ^ purpose ^ number as u64) ^ matched as u64);
        #[expect(clippy::cast_precision_loss, reason = "the remaining 53 bits fit into a double")]
        let share = (drawn >> 11) as f64 / (1_u64 << 53) as f64;
        share
    }

    fn write(&self) -> RwLockWriteGuard<'_, ScriptEntries> {
        self.entries.write().expect("lock poisoned: script")
    }

    fn read(&self) -> RwLockReadGuard<'_, ScriptEntries> {
        self.entries.read().expect("lock poisoned: script")
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Steele, Lea and Flood's `SplitMix64`: a well-mixed number for each input.
pub(super) const fn split_mix(input: u64) -> u64 {
    let z = input.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
