//! The journal of a space: a ring of requests with their answers, bounded by entries and by bytes.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use jiff::Timestamp;
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::simulator::outcome::Outcome;

/// How many entries a subscriber can be behind before it misses some.
const MAX_LAG: usize = 1024;

/// The limits of the journals, with their current use.
#[derive(Debug)]
pub struct JournalLimits {
    /// The limit of entries for each space.
    max_entries: usize,
    /// The limit of bytes for all spaces together. A space that exceeds it drops its own oldest entries.
    pub max_bytes: usize,
    used_bytes: AtomicUsize,
    dropped: AtomicU64,
}

impl JournalLimits {
    pub fn new(max_entries: usize, max_bytes: usize) -> Self {
        Self { max_entries, max_bytes, used_bytes: AtomicUsize::new(0), dropped: AtomicU64::new(0) }
    }

    /// Returns how many bytes the journals of all spaces take.
    pub fn used_bytes(&self) -> usize {
        self.used_bytes.load(Ordering::Relaxed)
    }

    /// Returns how many entries were dropped for newer ones since the simulator was started.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// A request as far as it was read, with its credentials: they are masked where it is shown. It takes a single allocation,
/// because there are many.
#[derive(Clone, Debug, Default)]
pub struct RecordedRequest {
    /// The method, the target, a line for each header, and the body.
    bytes: Vec<u8>,
    /// The ends of the first three.
    ends: [usize; 3],
}

impl RecordedRequest {
    /// Records the method and the target (path and query). `capacity` is the expected size of headers and body.
    pub fn new(method: &str, target: &str, capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(method.len() + target.len() + capacity);
        bytes.extend_from_slice(method.as_bytes());
        bytes.extend_from_slice(target.as_bytes());
        Self { ends: [method.len(), bytes.len(), bytes.len()], bytes }
    }

    /// Adds a header. Call it before [`set_body`](Self::set_body).
    pub fn add_header(&mut self, name: &str, value: &[u8]) {
        for part in [name.as_bytes(), b": ", value, b"\n"] {
            self.bytes.extend_from_slice(part);
        }
        self.ends[2] = self.bytes.len();
    }

    pub fn set_body(&mut self, body: &[u8]) {
        self.bytes.truncate(self.ends[2]);
        self.bytes.extend_from_slice(body);
    }

    pub fn method(&self) -> &str {
        self.text(0, self.ends[0])
    }

    pub fn target(&self) -> &str {
        self.text(self.ends[0], self.ends[1])
    }

    pub fn path(&self) -> &str {
        self.target().split('?').next().unwrap_or_default()
    }

    /// Returns the headers. What is not UTF-8 in a value is replaced.
    pub fn headers(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        let lines = self.bytes[self.ends[1]..self.ends[2]].split(|byte| *byte == b'\n');
        lines.filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((String::from_utf8_lossy(&line[..colon]), String::from_utf8_lossy(&line[colon + 2..])))
        })
    }

    /// Empty if it was not read.
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.ends[2]..]
    }

    fn text(&self, from: usize, to: usize) -> &str {
        str::from_utf8(&self.bytes[from..to]).expect("method and target were added as text")
    }
}

#[derive(Clone, Debug)]
pub struct JournalEntry {
    /// The number in the journal, which starts at 1 and is never used again.
    pub number: u64,
    pub request_id: Uuid,
    /// The time of the answer, by the clock of the space.
    pub at: Timestamp,
    pub request: RecordedRequest,
    /// The name of the caller, if it was authenticated.
    pub caller: Option<Arc<str>>,
    pub status: u16,
    pub outcome: Outcome,
}

impl JournalEntry {
    fn bytes(&self) -> usize {
        // 256 stands for what an outcome has on the heap.
        size_of::<Self>() + 256 + self.request.bytes.capacity()
    }
}

#[derive(Debug)]
pub struct Journal {
    limits: Arc<JournalLimits>,
    ring: Mutex<Ring>,
    /// Created for the first subscriber: the channel is large, and most spaces have no subscriber.
    subscribers: OnceLock<broadcast::Sender<Arc<JournalEntry>>>,
}

#[derive(Debug, Default)]
struct Ring {
    entries: VecDeque<Arc<JournalEntry>>,
    bytes: usize,
    last_number: u64,
    dropped: u64,
}

impl Journal {
    pub(super) fn new(limits: Arc<JournalLimits>) -> Self {
        Self { limits, ring: Mutex::default(), subscribers: OnceLock::new() }
    }

    /// Adds an entry and gives it the next number. Drops the oldest entries if a limit is exceeded.
    pub fn push(&self, mut entry: JournalEntry) {
        let mut ring = self.ring();
        ring.last_number += 1;
        entry.number = ring.last_number;
        let entry = Arc::new(entry);
        ring.entries.push_back(Arc::clone(&entry));
        let (added, mut freed, mut dropped) = (entry.bytes(), 0, 0);
        let used = self.limits.used_bytes.fetch_add(added, Ordering::Relaxed) + added;
        while ring.entries.len() > self.limits.max_entries
            || (used.saturating_sub(freed) > self.limits.max_bytes && ring.entries.len() > 1)
        {
            let Some(oldest) = ring.entries.pop_front() else { break };
            freed += oldest.bytes();
            dropped += 1;
        }
        ring.bytes = ring.bytes + added - freed;
        if dropped > 0 {
            ring.dropped += dropped;
            self.limits.used_bytes.fetch_sub(freed, Ordering::Relaxed);
            self.limits.dropped.fetch_add(dropped, Ordering::Relaxed);
        }
        drop(ring);
        if let Some(subscribers) = self.subscribers.get() {
            // Fails if there is no subscriber at the moment.
            let _ = subscribers.send(entry);
        }
    }

    /// Returns the entries after a number, oldest first, and how many entries were dropped since the last `clear`.
    pub fn since(&self, number: u64) -> (Vec<Arc<JournalEntry>>, u64) {
        let ring = self.ring();
        let first = ring.entries.partition_point(|entry| entry.number <= number);
        (ring.entries.range(first..).cloned().collect(), ring.dropped)
    }

    pub fn get(&self, request_id: Uuid) -> Option<Arc<JournalEntry>> {
        self.ring().entries.iter().rev().find(|entry| entry.request_id == request_id).cloned()
    }

    pub fn len(&self) -> usize {
        self.ring().entries.len()
    }

    /// Removes all entries. The numbers go on.
    pub fn clear(&self) {
        let mut ring = self.ring();
        self.limits.used_bytes.fetch_sub(ring.bytes, Ordering::Relaxed);
        ring.bytes = 0;
        ring.entries.clear();
        ring.dropped = 0;
    }

    /// Returns a channel that receives every entry from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<JournalEntry>> {
        self.subscribers.get_or_init(|| broadcast::Sender::new(MAX_LAG)).subscribe()
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().expect("lock poisoned: journal")
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.clear();
    }
}
