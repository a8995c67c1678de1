//! Batches: what is logged goes to stderr by a thread of its own, many lines at a time, so that no request waits for a
//! terminal, a pipe or a disk. When these do not take it, the simulator goes on, and says later how much was lost.

use std::io::{self, Write};
use std::mem::take;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// How long lines are gathered. Nobody who reads a log notices.
const GATHERING: Duration = Duration::from_millis(10);

/// The most bytes that wait; what is logged beyond them is lost.
const MOST_WAITING: usize = 1024 * 1024;

/// How much memory is kept for the next batch, in bytes.
const KEPT: usize = 64 * 1024;

/// How long the end waits for the last batch.
const PATIENCE: Duration = Duration::from_millis(500);

/// The lines that wait. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines(Arc<(Mutex<Waiting>, Condvar)>);

#[derive(Debug, Default)]
struct Waiting {
    text: Vec<u8>,
    lost: usize,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Open,
    /// What waits is the last that is written.
    Ending,
    Ended,
}

/// Writes what still waits when it is dropped.
#[derive(Debug)]
pub(super) struct Flush(Lines);

/// Begins to write to this stream.
///
/// # Errors
/// When there can be no thread.
pub(super) fn start(stream: impl Write + Send + 'static) -> io::Result<(Lines, Flush)> {
    let lines = Lines::default();
    let taken = lines.clone();
    thread::Builder::new().name("log".to_owned()).spawn(move || taken.write_to(stream))?;
    Ok((lines.clone(), Flush(lines)))
}

impl Lines {
    fn write_to(&self, mut stream: impl Write) {
        let mut batch = Vec::new();
        let mut stage = Stage::Open;
        while stage == Stage::Open {
            stage = self.take(&mut batch);
            let written = stream.write_all(&batch);
            self.report(if written.is_ok() { 0 } else { batch.split_inclusive(|byte| *byte == b'\n').count() });
            batch.clear();
            batch.shrink_to(KEPT);
        }
        self.waiting().stage = Stage::Ended;
        self.0.1.notify_all();
    }

    /// Waits for lines, gathers more of them, and takes them.
    fn take(&self, batch: &mut Vec<u8>) -> Stage {
        let is_open = |waiting: &mut Waiting| waiting.stage == Stage::Open;
        let changed = &self.0.1;
        let waiting = changed.wait_while(self.waiting(), |waiting| is_open(waiting) && waiting.text.is_empty());
        let waiting = changed.wait_timeout_while(waiting.expect(NO_PANIC), GATHERING, is_open);
        let (mut waiting, _) = waiting.expect(NO_PANIC);
        std::mem::swap(&mut waiting.text, batch);
        waiting.stage
    }

    /// Notes lost lines; when none were in the last batch, those from before are told.
    fn report(&self, lost: usize) {
        let mut waiting = self.waiting();
        if lost > 0 {
            waiting.lost += lost;
            return;
        }
        let lost = take(&mut waiting.lost);
        drop(waiting);
        if lost > 0 {
            tracing::warn!(lines = lost, "the log was not taken in time, or not at all: lines are lost");
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.0.lock().expect(NO_PANIC)
    }
}

const NO_PANIC: &str = "nothing panics while it holds the lines";

impl Write for Lines {
    /// Takes one event, which is a whole line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.waiting();
        if waiting.text.len() + line.len() > MOST_WAITING {
            waiting.lost += 1;
            return Ok(line.len());
        }
        let is_first = waiting.text.is_empty();
        waiting.text.extend_from_slice(line);
        drop(waiting);
        if is_first {
            self.0.1.notify_all();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        let Lines(shared) = &self.0;
        self.0.waiting().stage = Stage::Ending;
        shared.1.notify_all();
        // Whoever does not read is not waited for.
        let _ = shared.1.wait_timeout_while(self.0.waiting(), PATIENCE, |waiting| waiting.stage != Stage::Ended);
    }
}
