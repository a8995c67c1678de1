//! The flags that say how much of a server its clients may take.

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::Args;

use crate::fixture::parse_span;
use crate::http::Limits;

/// The most files that are kept free for what else is open: the pictures that are looked at, and what a process needs.
const MOST_OTHER_FILES: usize = 1024;

/// What clients may take.
#[derive(Debug, Args)]
pub(super) struct LimitFlags {
    /// The most connections at a time, of each address.
    ///
    /// More of them wait until one ends; one that has been idle for a
    /// second then makes room. `ulimit -n` may allow fewer: the log says so.
    #[arg(
        long,
        hide_short_help = true,
        env = "BSS_SIM_MAX_CONNECTIONS",
        value_name = "NUMBER",
        default_value = "10000"
    )]
    max_connections: NonZeroUsize,

    /// How long the head of a request may take from its first byte on, before its connection is closed.
    #[arg(long, hide_short_help = true, env = "BSS_SIM_HEAD_TIMEOUT", value_name = "SPAN", value_parser = parse_limit, default_value = "30s")]
    head_timeout: Duration,

    /// How long its body may take, before it is refused like one that breaks off.
    ///
    /// A client that waits for an answer while its Content-Length promises more than it sends waits for this.
    #[arg(long, hide_short_help = true, env = "BSS_SIM_BODY_TIMEOUT", value_name = "SPAN", value_parser = parse_limit, default_value = "1m")]
    body_timeout: Duration,

    /// How long a client may take in nothing of its answer, before its connection is reset.
    ///
    /// The making of an answer has no limit: it may be scripted to be late, or never to come.
    #[arg(long, hide_short_help = true, env = "BSS_SIM_ANSWER_TIMEOUT", value_name = "SPAN", value_parser = parse_limit, default_value = "1m")]
    answer_timeout: Duration,

    /// How long a connection may be idle between two requests, and before the first one.
    ///
    /// A client whose pool keeps connections for longer now and then meets a closed one, as with any server.
    #[arg(long, hide_short_help = true, env = "BSS_SIM_IDLE_TIMEOUT", value_name = "SPAN", value_parser = parse_limit, default_value = "2m")]
    idle_timeout: Duration,
}

impl LimitFlags {
    /// The limits of each of so many servers, as far as this process may open files.
    pub(super) fn within_the_process(&self, servers: usize) -> Limits {
        let request = self.max_connections.get();
        let connections = request.min(possible_connections(servers).unwrap_or(request));
        if connections < request {
            tracing::warn!(connections, "this process may open too few files for --max-connections: see `ulimit -n`");
        }
        Limits {
            connections,
            head: self.head_timeout,
            body: self.body_timeout,
            answer: self.answer_timeout,
            idle: self.idle_timeout,
        }
    }
}

/// How many connections of each server this process has files for; absent where the system does not tell. What it may
/// open at the start is often only a part of what it may ask for, and then does.
fn possible_connections(servers: usize) -> Option<usize> {
    let files = usize::try_from(rlimit::increase_nofile_limit(u64::MAX).ok()?).unwrap_or(usize::MAX);
    let others = MOST_OTHER_FILES.min(files / 2);
    Some(((files - others) / servers).max(1))
}

/// A span of time that something can be done in.
fn parse_limit(text: &str) -> Result<Duration, String> {
    let span = parse_span(text)?;
    if span.is_zero() {
        Err("nothing can be done in no time: for hardly any limit, write `1d`".into())
    } else {
        Ok(span)
    }
}
