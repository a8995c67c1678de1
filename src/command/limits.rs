//! The flags that say how many clients there may be, and how long each may keep the server waiting.

use std::time::Duration;

use clap::Args;

use crate::fixture::parse_span;
use crate::http::Limits;

/// The files that are open besides the connections: the terminal, the listeners, pictures, buckets.
const OTHER_FILES: u64 = 32;

/// Limits of connections. Spans are written as in scenario files: 500ms, 30s, 5m.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Connections")]
pub(super) struct LimitFlags {
    /// The most connections at a time; more of them wait until one ends. The system's limit of open files can
    /// make them fewer.
    #[arg(long, env = "BSS_SIM_MAX_CONNECTIONS", value_name = "NUMBER", default_value_t = 10_000,
          value_parser = clap::value_parser!(u32).range(1..))]
    max_connections: u32,

    /// How long the head of a request may take from its first byte to its last.
    #[arg(long, env = "BSS_SIM_HEAD_TIMEOUT", value_name = "SPAN", value_parser = parse_limit, default_value = "30s")]
    head_timeout: Duration,

    /// How long the body of a request may take after its head.
    #[arg(long, env = "BSS_SIM_BODY_TIMEOUT", value_name = "SPAN", value_parser = parse_limit, default_value = "2m")]
    body_timeout: Duration,

    /// How long a connection may rest between two requests: longer than the clients' own pools keep it, so that it is
    /// always the client that closes it.
    #[arg(long, env = "BSS_SIM_IDLE_TIMEOUT", value_name = "SPAN", value_parser = parse_limit, default_value = "10m")]
    idle_timeout: Duration,

    /// How long a client may take nothing of its answer.
    #[arg(long, env = "BSS_SIM_WRITE_TIMEOUT", value_name = "SPAN", value_parser = parse_limit, default_value = "1m")]
    write_timeout: Duration,
}

impl LimitFlags {
    /// The limits for so many servers in this process. The system is asked for as many open files as that takes; when
    /// it gives fewer, there are fewer connections.
    pub(super) fn limits(&self, servers: u32) -> Limits {
        let wanted = u64::from(self.max_connections) * u64::from(servers) + OTHER_FILES;
        let files = rlimit::increase_nofile_limit(wanted).unwrap_or(wanted);
        let room = files.saturating_sub(OTHER_FILES).max(1) / u64::from(servers);
        let connections = room.clamp(1, self.max_connections.into());
        if files < wanted {
            tracing::warn!(
                connections,
                open_files = files,
                "fewer connections than --max-connections, for the system allows fewer open files: see `ulimit -n`"
            );
        }
        Limits {
            connections: usize::try_from(connections).unwrap_or(usize::MAX),
            head: self.head_timeout,
            body: self.body_timeout,
            idle: self.idle_timeout,
            write: self.write_timeout,
        }
    }
}

/// A span in which something can happen.
fn parse_limit(text: &str) -> Result<Duration, String> {
    let span = parse_span(text)?;
    if span.is_zero() { Err("nothing can happen in no time".to_owned()) } else { Ok(span) }
}
