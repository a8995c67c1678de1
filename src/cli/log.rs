//! The log: events on stderr. No event holds personal data.
//!
//! A thread writes the lines, so that no request waits for a terminal, a pipe or a disk. When they do not keep up, lines
//! are lost, and a later line says how many.

use std::io::{self, BufWriter, IsTerminal, Stderr, Write};
use std::sync::{Arc, OnceLock};

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
pub(super) use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The most lines that wait for the writing thread.
const MAX_WAITING_LINES: usize = 4096;

/// How log events look.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Parses the least important level to log. Nothing is logged below `debug`.
pub(super) fn level() -> impl TypedValueParser<Value = LevelFilter> {
    PossibleValuesParser::new(["off", "error", "warn", "info", "debug"])
        .map(|level| level.parse().expect("a possible value is a level"))
}

/// Starts to log the events and the panics of this process. Dropping the guard writes the lines that still wait.
pub(super) fn start(format: LogFormat, level: LevelFilter) -> LogGuard {
    let dropped = Arc::default();
    let stderr = BufWriter::new(io::stderr());
    let writer = LogWriter { stderr, is_writable: true, dropped: Arc::clone(&dropped), failed: 0, reported: 0 };
    let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(MAX_WAITING_LINES);
    let (lines, worker) = builder.thread_name("log").finish(writer);
    let _ = dropped.set(lines.error_counter());
    let log = tracing_subscriber::fmt().with_max_level(level).with_writer(lines.clone()).with_target(false);
    // What libraries log for their own developers may have anything that clients send.
    let of_libraries = level.min(LevelFilter::INFO);
    let targets = Targets::new().with_default(of_libraries).with_target("bss_sim", level);
    match format {
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).finish().with(targets).init(),
        LogFormat::Json => log.json().flatten_event(true).finish().with(targets).init(),
    }
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    LogGuard { lines, worker: Some(worker) }
}

pub(super) struct LogGuard {
    lines: NonBlocking,
    worker: Option<WorkerGuard>,
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        let count = self.lines.error_counter();
        let dropped = count.dropped_lines();
        let _ = self.lines.write(b"");
        if count.dropped_lines() > dropped {
            // The queue is full, because nothing reads stderr. The worker's guard would say so on stdout, which is not for
            // the log.
            std::mem::forget(self.worker.take());
        }
    }
}

/// Stderr as the worker sees it: it writes every line, and flushes when no more lines wait.
struct LogWriter {
    stderr: BufWriter<Stderr>,
    /// False if the last flush failed.
    is_writable: bool,
    /// Counts the lines that did not fit into the queue.
    dropped: Arc<OnceLock<ErrorCounter>>,
    /// How many lines stderr did not take.
    failed: usize,
    /// How many lost lines the log has reported.
    reported: usize,
}

impl Write for LogWriter {
    /// Takes one whole line. A line that cannot be written is lost, like one that does not fit into the queue.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.stderr.write_all(line).is_err() {
            self.failed += 1;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // The queue is empty now, and thus has room for a report. After the flush, which may block, it may be full.
        let lost = self.failed + self.dropped.get().map_or(0, ErrorCounter::dropped_lines);
        if self.is_writable && lost > self.reported {
            tracing::warn!(lines = lost - self.reported, "log lines were lost: stderr did not take them in time");
            self.reported = lost;
        }
        self.is_writable = self.stderr.flush().is_ok();
        Ok(())
    }
}
