//! The script of an era: the answers fixed beforehand, with how often each was used.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use crate::domain::account::Partner;
use crate::domain::application::Application;
use crate::domain::rules::Answer;
use crate::domain::scripted::ScriptedAnswer;
use crate::simulator::metrics::Leftovers;

/// The most answers that can be fixed in one space.
const MAX_ANSWERS: usize = 10_000;

/// One use of a scripted answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    /// The answer's place in the script.
    pub(super) place: usize,
    /// How long to hold the answer back.
    pub(super) delay: Duration,
    /// What to say.
    pub(super) answer: Answer,
}

/// The script with its counters.
#[derive(Debug)]
pub struct Script {
    seed: u64,
    entries: RwLock<Vec<Arc<Stub>>>,
    leftovers: Arc<Leftovers>,
}

/// A scripted answer with its counters.
#[derive(Debug)]
struct Stub {
    answer: Arc<ScriptedAnswer>,
    matched: AtomicUsize,
    used: AtomicUsize,
}

/// There are too many scripted answers already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a space takes {MAX_ANSWERS} scripted answers at the most")]
pub struct TooManyAnswers;

impl Stub {
    fn new(answer: Arc<ScriptedAnswer>) -> Arc<Self> {
        Arc::new(Self { answer, matched: AtomicUsize::new(0), used: AtomicUsize::new(0) })
    }

    fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

impl Script {
    pub(super) fn new(answers: &[Arc<ScriptedAnswer>], seed: u64, leftovers: Arc<Leftovers>) -> Self {
        Self { seed, entries: RwLock::new(answers.iter().cloned().map(Stub::new).collect()), leftovers }
    }

    /// Adds answers after those that are there; the place of the first.
    ///
    /// # Errors
    /// When there would be too many.
    pub(super) fn add(&self, answers: Vec<ScriptedAnswer>) -> Result<usize, TooManyAnswers> {
        let mut entries = self.entries.write().expect("nothing panics while it holds the script");
        let place = entries.len();
        if place + answers.len() > MAX_ANSWERS {
            return Err(TooManyAnswers);
        }
        entries.extend(answers.into_iter().map(Arc::new).map(Stub::new));
        Ok(place)
    }

    /// Takes all answers away.
    pub fn clear(&self) {
        let entries = std::mem::take(&mut *self.entries.write().expect("nothing panics while it holds the script"));
        for entry in entries {
            self.leftovers.note(Arc::clone(&entry.answer), entry.used());
        }
    }

    /// Every answer with how often it was used.
    pub fn uses(&self) -> Vec<(Arc<ScriptedAnswer>, usize)> {
        self.entries().iter().map(|entry| (Arc::clone(&entry.answer), entry.used())).collect()
    }

    /// The answers as they would have to be fixed to go on from here.
    pub(super) fn left(&self) -> Vec<Arc<ScriptedAnswer>> {
        self.uses().into_iter().filter_map(|(answer, used)| answer.remaining_after(used).map(Arc::new)).collect()
    }

    /// Uses the first answer that matches and is not used up.
    pub(super) fn take(&self, caller: &Partner, application: &Application<'_>) -> Option<Use> {
        self.find(caller, application, |place, entry| {
            if !self.is_drawn(place, &entry.answer, entry.matched.fetch_add(1, Ordering::Relaxed)) {
                return None;
            }
            let next = |used: usize| (used < entry.answer.times.unwrap_or(usize::MAX)).then(|| used + 1);
            entry.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok()
        })
    }

    /// The use that `take` would make, without making it.
    pub(super) fn peek(&self, caller: &Partner, application: &Application<'_>) -> Option<Use> {
        self.find(caller, application, |place, entry| {
            let used = entry.used();
            let is_left = used < entry.answer.times.unwrap_or(usize::MAX);
            (is_left && self.is_drawn(place, &entry.answer, entry.matched.load(Ordering::Relaxed))).then_some(used)
        })
    }

    /// The first answer that matches and for which `use_it` gives the number of its uses before.
    fn find(
        &self,
        caller: &Partner,
        application: &Application<'_>,
        use_it: impl Fn(usize, &Stub) -> Option<usize>,
    ) -> Option<Use> {
        self.entries().iter().enumerate().find_map(|(place, entry)| {
            let answer = &entry.answer;
            let used = answer.when.matches(caller, application).then(|| use_it(place, entry))??;
            Some(Use { place, delay: answer.delay, answer: answer.step(used) })
        })
    }

    /// Draws whether this match counts. The n-th match of an answer is always drawn alike for one seed.
    fn is_drawn(&self, place: usize, answer: &ScriptedAnswer, matched: usize) -> bool {
        let drawn = split_mix(split_mix(self.seed ^ place as u64) ^ matched as u64);
        #[expect(clippy::cast_precision_loss, reason = "the 53 bits that are left fit a double")]
        let share = (drawn >> 11) as f64 / (1_u64 << 53) as f64;
        share < answer.probability
    }

    fn entries(&self) -> std::sync::RwLockReadGuard<'_, Vec<Arc<Stub>>> {
        self.entries.read().expect("nothing panics while it holds the script")
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Steele, Lea and Flood's `SplitMix64`: one well-mixed number for each input.
const fn split_mix(input: u64) -> u64 {
    let z = input.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
