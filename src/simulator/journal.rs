//! The journal of a space: a ring of requests with their answers, bounded by entries and by bytes.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

use crate::simulator::outcome::Outcome;
use crate::simulator::script::ScriptUse;

/// The limits of the journals, with their current use.
#[derive(Debug)]
pub struct JournalLimits {
    /// The limit of entries for each space.
    max_entries: usize,
    /// The limit of bytes for all spaces together. If it is exceeded, the largest journals drop their oldest entries.
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

    pub(super) fn is_exceeded(&self) -> bool {
        self.used_bytes() > self.max_bytes
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

    /// Returns the values of a header, by its name in any case.
    pub fn headers_of(&self, name: &str) -> Vec<String> {
        let headers = self.headers().filter(|(given, _)| given.eq_ignore_ascii_case(name));
        headers.map(|(_, value)| value.into_owned()).collect()
    }

    /// Returns the first value of a header.
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers_of(name).into_iter().next()
    }

    /// Empty if it was not read.
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.ends[2]..]
    }

    /// Returns the body without a byte order mark.
    pub fn json_body(&self) -> &[u8] {
        self.body().strip_prefix(b"\xEF\xBB\xBF").unwrap_or(self.body())
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
    /// The scripted answer that was used, or that delayed the answer.
    pub script: Option<ScriptUse>,
    pub outcome: Outcome,
}

impl JournalEntry {
    /// Returns the status of the answer. `None` if a fault took its place.
    pub fn answered_status(&self) -> Option<u16> {
        self.outcome.fault().is_none().then_some(self.status)
    }

    /// Returns how much memory the entry takes.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.outcome.heap_bytes() + self.request.bytes.capacity()
    }
}

#[derive(Debug)]
pub struct Journal {
    limits: Arc<JournalLimits>,
    /// The number of the last entry before a reset that the journal began with. `None` if there was no reset.
    reset_at: Option<u64>,
    ring: Mutex<Ring>,
    /// Wakes followers when there is something new. Created for the first one: most spaces have none.
    news: OnceLock<watch::Sender<()>>,
}

#[derive(Debug, Default)]
struct Ring {
    entries: VecDeque<Arc<JournalEntry>>,
    bytes: usize,
    last_number: u64,
    /// The last number when the journal began or was cleared.
    emptied_at: u64,
    /// How often the journal was cleared.
    clears: u64,
    dropped: u64,
}

impl Ring {
    /// Drops the oldest entry. Returns its size.
    fn drop_oldest(&mut self) -> Option<usize> {
        let bytes = self.entries.pop_front()?.bytes();
        self.bytes -= bytes;
        self.dropped += 1;
        Some(bytes)
    }
}

/// How far a follower has read a journal.
#[derive(Debug)]
pub struct Position {
    /// The number of the last entry that it has seen.
    number: u64,
    clears: u64,
}

/// What a follower finds next.
#[derive(Debug)]
pub enum News {
    Entry(Arc<JournalEntry>),
    /// So many entries were dropped before they could be seen.
    Missed(u64),
    Cleared,
}

impl Journal {
    /// Returns an empty journal, whose entries are numbered after this one. It may begin with a reset of its space.
    pub(super) fn new(limits: Arc<JournalLimits>, last_number: u64, is_reset: bool) -> Self {
        let ring = Ring { last_number, emptied_at: last_number, ..Ring::default() };
        let reset_at = is_reset.then_some(last_number);
        Self { limits, reset_at, ring: Mutex::new(ring), news: OnceLock::new() }
    }

    /// Adds an entry and gives it the next number. Drops the oldest entries if there are too many.
    pub fn push(&self, mut entry: JournalEntry) {
        let added = entry.bytes();
        let mut ring = self.ring();
        ring.last_number += 1;
        entry.number = ring.last_number;
        ring.entries.push_back(Arc::new(entry));
        ring.bytes += added;
        self.limits.used_bytes.fetch_add(added, Ordering::Relaxed);
        while ring.entries.len() > self.limits.max_entries {
            self.drop_oldest(&mut ring);
        }
        drop(ring);
        self.tell();
    }

    /// Drops the oldest entries until the others have at most so many bytes.
    pub(super) fn shrink_to(&self, bytes: usize) {
        let mut ring = self.ring();
        while ring.bytes > bytes {
            self.drop_oldest(&mut ring);
        }
    }

    fn drop_oldest(&self, ring: &mut Ring) {
        if let Some(freed) = ring.drop_oldest() {
            self.limits.used_bytes.fetch_sub(freed, Ordering::Relaxed);
            self.limits.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns how many bytes the entries take.
    pub(super) fn bytes(&self) -> usize {
        self.ring().bytes
    }

    /// Returns the number of the last entry, even if it is not there any more.
    pub fn last_number(&self) -> u64 {
        self.ring().last_number
    }

    /// Returns the number of an entry as it counts here. One that has not been given yet is of a simulator that ran before: then
    /// it is the beginning of all.
    pub fn known(&self, number: u64) -> u64 {
        if number > self.last_number() { 0 } else { number }
    }

    /// Returns the position behind an entry. What was cleared since then is news.
    pub fn position(&self, number: u64) -> Position {
        let number = self.known(number);
        let ring = self.ring();
        let is_cleared = ring.clears > 0 && number <= ring.emptied_at;
        Position { number, clears: if is_cleared { ring.clears - 1 } else { ring.clears } }
    }

    /// Returns true if the entry of this number was there before a reset that the journal began with.
    pub fn is_before_reset(&self, number: u64) -> bool {
        self.reset_at.is_some_and(|reset_at| self.known(number) <= reset_at)
    }

    /// Returns the position behind the last entry.
    pub fn end(&self) -> Position {
        let ring = self.ring();
        Position { number: ring.last_number, clears: ring.clears }
    }

    /// Returns the position before the first entry since the last reset or clearing.
    pub fn start(&self) -> Position {
        let ring = self.ring();
        Position { number: ring.emptied_at, clears: ring.clears }
    }

    /// Returns what comes at a position, which moves behind it. `None` if nothing has come yet.
    pub fn next(&self, position: &mut Position) -> Option<News> {
        let ring = self.ring();
        if position.clears != ring.clears {
            *position = Position { number: ring.emptied_at, clears: ring.clears };
            return Some(News::Cleared);
        }
        let first = ring.entries.partition_point(|entry| entry.number <= position.number);
        let next = position.number + 1;
        match ring.entries.get(first) {
            Some(entry) if entry.number == next => {
                position.number = next;
                Some(News::Entry(Arc::clone(entry)))
            }
            found => {
                let upcoming = found.map_or(ring.last_number + 1, |entry| entry.number);
                position.number = upcoming - 1;
                (upcoming > next).then(|| News::Missed(upcoming - next))
            }
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
        let Ring { last_number, clears, .. } = *ring;
        *ring = Ring { last_number, emptied_at: last_number, clears: clears + 1, ..Ring::default() };
        drop(ring);
        self.tell();
    }

    /// Returns a channel that changes when there is something new after this.
    pub fn subscribe(&self) -> watch::Receiver<()> {
        self.news.get_or_init(|| watch::Sender::new(())).subscribe()
    }

    fn tell(&self) {
        if let Some(news) = self.news.get() {
            news.send_replace(());
        }
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
