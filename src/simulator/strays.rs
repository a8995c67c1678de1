//! Strays: requests that the gateway refused, which no script had asked for. Most of them are mistakes of a client.

use std::sync::{Mutex, MutexGuard};

use super::journal::Asked;
use super::ruling::{Detail, Ruling};

/// How many kinds of them are kept.
const MOST: usize = 100;

/// How much is kept of a text that a client chose, in characters.
const MOST_CHARS: usize = 200;

/// Where the reason of a wrong signature goes on with all that was signed: it is never the same twice, and can hold a token.
const SIGNED: &str = ", canonicalRequest:";

/// One kind of stray.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// The method.
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// The check that refused.
    pub check: &'static str,
    /// What was wrong.
    pub reason: String,
}

impl Stray {
    /// What is astray of a request on which this was ruled; absent: nothing.
    fn of(asked: &Asked, ruling: &Ruling) -> Option<Self> {
        let (check, reason) = match ruling {
            Ruling::Gateway(check, _, Some(Detail { text, .. })) => (check.id, text.split(SIGNED).next()?),
            Ruling::Gateway(check, error, None) => (check.id, error.message),
            Ruling::NotIdentified(check, _, saw) => (check.id, saw.as_str()),
            _ => return None,
        };
        let [method, path, reason] =
            [asked.method(), asked.path(), reason].map(|text| text.chars().take(MOST_CHARS).collect());
        Some(Self { method, path, check, reason })
    }
}

/// Strays of all spaces, the first kinds of them with how often each came.
#[derive(Debug, Default)]
pub struct Strays(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    kinds: Vec<(Stray, u64)>,
    others: u64,
}

impl Strays {
    /// Notes a request, if it is one. Nearly all are none, and are not to pay for those that are.
    #[inline]
    pub fn note(&self, asked: &Asked, ruling: &Ruling) {
        if matches!(ruling, Ruling::Gateway(..) | Ruling::NotIdentified(..)) {
            self.keep(asked, ruling);
        }
    }

    #[cold]
    fn keep(&self, asked: &Asked, ruling: &Ruling) {
        let Some(stray) = Stray::of(asked, ruling) else { return };
        let mut kept = self.kept();
        if let Some((_, count)) = kept.kinds.iter_mut().find(|(known, _)| *known == stray) {
            *count += 1;
        } else if kept.kinds.len() < MOST {
            kept.kinds.push((stray, 1));
        } else {
            kept.others += 1;
        }
    }

    /// Those that are kept, in the order in which they first came, and how many more requests were strays.
    #[must_use]
    pub fn all(&self) -> (Vec<(Stray, u64)>, u64) {
        let kept = self.kept();
        (kept.kinds.clone(), kept.others)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().expect("nothing panics while it holds the strays")
    }
}
