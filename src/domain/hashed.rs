//! A text that carries its hash: what maps are keyed by. Moving it to another place of a map, which happens by the
//! thousand when one grows, does not touch the text.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Arc, LazyLock};

use foldhash::fast::RandomState;

static HASH: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// A shared text with its hash.
#[derive(Clone)]
pub(super) struct Hashed {
    hash: u64,
    text: Arc<str>,
}

impl Hashed {
    pub(super) fn new(text: &str) -> Self {
        Arc::<str>::from(text).into()
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }
}

impl From<Arc<str>> for Hashed {
    fn from(text: Arc<str>) -> Self {
        Self { hash: HASH.hash_one(&*text), text }
    }
}

impl fmt::Debug for Hashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl PartialEq for Hashed {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.text == other.text
    }
}

impl Eq for Hashed {}

impl Hash for Hashed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl PartialOrd for Hashed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Hashed {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}
