//! The script of a space: the answers fixed beforehand, with how often each was used.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::domain::application::Application;
use crate::domain::decision::Reply;
use crate::domain::partner::Partner;
use crate::domain::script::ScriptedAnswer;

/// One use of a scripted answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    /// The answer's place in the script.
    pub(super) place: usize,
    /// How long to hold the reply back.
    pub(super) delay: Duration,
    /// What to say.
    pub(super) reply: Reply,
}

/// The script with its counters.
#[derive(Debug)]
pub(super) struct Script {
    seed: u64,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    answer: Arc<ScriptedAnswer>,
    matched: AtomicUsize,
    used: AtomicUsize,
}

impl Script {
    pub(super) fn new(answers: &[Arc<ScriptedAnswer>], seed: u64) -> Self {
        let entry = |answer: &Arc<ScriptedAnswer>| Entry {
            answer: Arc::clone(answer),
            matched: AtomicUsize::new(0),
            used: AtomicUsize::new(0),
        };
        Self { seed, entries: answers.iter().map(entry).collect() }
    }

    /// Uses the first answer that matches and is not used up.
    pub(super) fn take(&self, caller: &Partner, application: &Application) -> Option<Use> {
        self.entries.iter().enumerate().find_map(|(place, entry)| {
            let answer = &entry.answer;
            if !answer.when.matches(caller, application) || !self.is_drawn(place, entry) {
                return None;
            }
            let next = |used: usize| (used < answer.times.unwrap_or(usize::MAX)).then(|| used + 1);
            let used = entry.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok()?;
            Some(Use { place, delay: answer.delay, reply: answer.step(used) })
        })
    }

    /// Draws whether this match counts. The n-th match of an answer is always drawn alike for one seed.
    fn is_drawn(&self, place: usize, entry: &Entry) -> bool {
        let probability = entry.answer.probability;
        if probability >= 1.0 {
            return true;
        }
        let matched = entry.matched.fetch_add(1, Ordering::Relaxed);
        let drawn = split_mix(split_mix(self.seed ^ place as u64) ^ matched as u64);
        #[expect(clippy::cast_precision_loss, reason = "the 53 bits that are left fit a double")]
        let share = (drawn >> 11) as f64 / (1_u64 << 53) as f64;
        share < probability
    }
}

/// Steele, Lea and Flood's `SplitMix64`: one well-mixed number for each input.
const fn split_mix(input: u64) -> u64 {
    let z = input.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
