//! Leftovers: scripted answers that were taken away, or ended with their space, before they were given as often as they
//! were meant to be.

use std::sync::{Arc, Mutex, MutexGuard};

use crate::domain::script::ScriptedAnswer;

/// How many of them are kept.
const MOST: usize = 100;

/// A scripted answer with how often it was given.
pub type Leftover = (Arc<ScriptedAnswer>, usize);

/// The leftovers of all spaces, the first of them.
#[derive(Debug, Default)]
pub struct Leftovers(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    first: Vec<Leftover>,
    others: usize,
}

impl Leftovers {
    /// Notes an answer that is no more, if there is something left of it.
    pub(super) fn note(&self, answer: Arc<ScriptedAnswer>, used: usize) {
        if !answer.is_left_over(used) {
            return;
        }
        let mut kept = self.kept();
        if kept.first.len() < MOST {
            kept.first.push((answer, used));
        } else {
            kept.others += 1;
        }
    }

    /// Those that are kept, and how many more there were.
    #[must_use]
    pub fn all(&self) -> (Vec<Leftover>, usize) {
        let kept = self.kept();
        (kept.first.clone(), kept.others)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().expect("nothing panics while it holds the leftovers")
    }
}
