//! The journal of an era: what was asked and answered. A ring, bounded by entries and by bytes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use jiff::Timestamp;
use tokio::sync::broadcast;
use uuid::Uuid;

use super::outcome::Outcome;
use crate::domain::rules::Facts;

/// How many entries a follower may be behind before it misses some.
const FOLLOWER_LAG: usize = 1024;

/// How large journals may become.
#[derive(Clone, Debug)]
pub struct JournalLimits {
    /// The most entries of one space.
    entries: usize,
    /// The most bytes of all spaces together. Whoever writes beyond it loses its own oldest entries.
    bytes: usize,
    fill: Arc<Fill>,
}

/// How full the journals of all spaces are.
#[derive(Debug, Default)]
struct Fill {
    bytes: AtomicUsize,
    dropped: AtomicU64,
}

impl JournalLimits {
    /// Limits: entries of each space, bytes of all spaces together.
    pub fn new(entries: usize, bytes: usize) -> Self {
        Self { entries, bytes, fill: Arc::default() }
    }

    /// How many bytes the journals of all spaces take.
    pub fn bytes(&self) -> usize {
        self.fill.bytes.load(Ordering::Relaxed)
    }

    /// The most bytes that they may take.
    pub fn most_bytes(&self) -> usize {
        self.bytes
    }

    /// How many entries gave way to newer ones since the simulator began.
    pub fn dropped(&self) -> u64 {
        self.fill.dropped.load(Ordering::Relaxed)
    }
}

/// What was asked: the request as far as it was read, in one piece of memory. Credentials are not kept.
#[derive(Clone, Debug, Default)]
pub struct RecordedRequest {
    /// The method, the target, a line for each header, and the body.
    text: Vec<u8>,
    /// Where the first three of them end.
    ends: [usize; 3],
}

impl RecordedRequest {
    /// A request of this method, for this path and query, that is expected to be about so many bytes.
    pub fn new(method: &str, target: &str, expected: usize) -> Self {
        let mut text = Vec::with_capacity(method.len() + target.len() + expected);
        text.extend_from_slice(method.as_bytes());
        text.extend_from_slice(target.as_bytes());
        Self { ends: [method.len(), text.len(), text.len()], text }
    }

    /// Adds a header. The values of those that hold credentials are to be left out.
    pub fn header(&mut self, name: &str, value: &str) {
        for piece in [name, ": ", value, "\n"] {
            self.text.extend_from_slice(piece.as_bytes());
        }
        self.ends[2] = self.text.len();
    }

    /// Adds what was read of the body.
    pub fn read(&mut self, body: &[u8]) {
        self.text.extend_from_slice(body);
    }

    /// The method.
    pub fn method(&self) -> &str {
        self.piece(0, self.ends[0])
    }

    /// The path with its query.
    pub fn target(&self) -> &str {
        self.piece(self.ends[0], self.ends[1])
    }

    /// The path without its query.
    pub fn path(&self) -> &str {
        self.target().split('?').next().unwrap_or_default()
    }

    /// The headers with their values.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.piece(self.ends[1], self.ends[2]).lines().filter_map(|line| line.split_once(": "))
    }

    /// The body; empty when it was not read.
    pub fn body(&self) -> &[u8] {
        &self.text[self.ends[2]..]
    }

    fn piece(&self, from: usize, to: usize) -> &str {
        str::from_utf8(&self.text[from..to]).expect("it was text when it was added")
    }
}

/// One request with its answer.
#[derive(Clone, Debug)]
pub struct JournalEntry {
    /// Its number, from 1; never used again in the same journal.
    pub number: u64,
    /// The request's ID.
    pub request_id: Uuid,
    /// When it was answered, by the clock of the space.
    pub at: Timestamp,
    /// What was asked.
    pub request: RecordedRequest,
    /// The calling partner's name, once it was known.
    pub caller: Option<Arc<str>>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// What was ruled.
    pub outcome: Outcome,
}

impl JournalEntry {
    fn bytes(&self) -> usize {
        // What is of one size, and about what a ruling has on the heap.
        size_of::<Self>() + size_of::<Facts>() + 256 + self.request.text.capacity()
    }
}

/// The journal.
#[derive(Debug)]
pub struct Journal {
    limits: JournalLimits,
    ring: Mutex<Ring>,
    /// Made for the first follower: it is large, and most spaces have none.
    followers: OnceLock<broadcast::Sender<Arc<JournalEntry>>>,
}

#[derive(Debug, Default)]
struct Ring {
    entries: VecDeque<Arc<JournalEntry>>,
    bytes: usize,
    last: u64,
    dropped: u64,
}

impl Journal {
    pub(super) fn new(limits: JournalLimits) -> Self {
        Self { limits, ring: Mutex::default(), followers: OnceLock::new() }
    }

    /// Writes an entry down, under the next number.
    pub fn write(&self, mut entry: JournalEntry) {
        let mut ring = self.ring();
        ring.last += 1;
        entry.number = ring.last;
        let entry = Arc::new(entry);
        ring.entries.push_back(Arc::clone(&entry));
        let (more, mut less) = (entry.bytes(), 0);
        let in_use = self.limits.fill.bytes.fetch_add(more, Ordering::Relaxed) + more;
        let mut dropped = 0;
        while ring.entries.len() > self.limits.entries
            || (in_use.saturating_sub(less) > self.limits.bytes && ring.entries.len() > 1)
        {
            let Some(oldest) = ring.entries.pop_front() else { break };
            less += oldest.bytes();
            dropped += 1;
        }
        ring.bytes = ring.bytes + more - less;
        if dropped > 0 {
            ring.dropped += dropped;
            self.limits.fill.bytes.fetch_sub(less, Ordering::Relaxed);
            self.limits.fill.dropped.fetch_add(dropped, Ordering::Relaxed);
        }
        drop(ring);
        if let Some(followers) = self.followers.get() {
            // Without a follower at this moment nobody misses anything.
            let _ = followers.send(entry);
        }
    }

    /// The entries after a number, oldest first, and how many were dropped since the journal began.
    pub fn since(&self, number: u64) -> (Vec<Arc<JournalEntry>>, u64) {
        let ring = self.ring();
        let known = ring.entries.partition_point(|entry| entry.number <= number);
        (ring.entries.range(known..).cloned().collect(), ring.dropped)
    }

    /// The entry of a request.
    pub fn find(&self, request_id: Uuid) -> Option<Arc<JournalEntry>> {
        self.ring().entries.iter().rev().find(|entry| entry.request_id == request_id).cloned()
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.ring().entries.len()
    }

    /// True when it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets all entries. Numbers go on, and nothing counts as dropped.
    pub fn clear(&self) {
        let mut ring = self.ring();
        self.limits.fill.bytes.fetch_sub(ring.bytes, Ordering::Relaxed);
        ring.bytes = 0;
        ring.entries.clear();
        ring.dropped = 0;
    }

    /// Receives every entry from now on.
    pub fn follow(&self) -> broadcast::Receiver<Arc<JournalEntry>> {
        self.followers.get_or_init(|| broadcast::Sender::new(FOLLOWER_LAG)).subscribe()
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().expect("nothing panics while it holds the journal")
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.clear();
    }
}
