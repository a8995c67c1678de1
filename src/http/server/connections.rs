//! The connections of a server: how many there are, and which of them take too long.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{AbortHandle, Id, JoinSet};
use tokio::time::{Instant, timeout};

use super::limits::Limits;
use super::notice::Notice;
use super::seen::Seen;
use super::streams::Streams;
use super::watch::{Phase, Watch};

/// How long a connection that makes room for another one has been idle at least. A client that is at work comes back to
/// its connections sooner.
const SPARE: Duration = Duration::from_secs(1);

/// How many make room at once, or an eighth of all that there may be.
const MOST_SPARE: usize = 32;

/// How long to wait for connections to end before looking again, while the server stops.
const LAST_TICK: Duration = Duration::from_millis(2);

/// The connections that are open. Dropping it ends them.
#[derive(Debug)]
pub(super) struct Connections {
    limits: Limits,
    tasks: JoinSet<()>,
    open: HashMap<Id, Connection>,
    slow: Slow,
    notice: Notice,
}

/// What is known of a connection.
#[derive(Debug)]
struct Connection {
    line: Line,
    seen: Seen,
    /// Absent where there is but one exchange at a time, which the connection's own watch is on.
    streams: Option<Arc<Streams>>,
}

/// What can be closed.
#[derive(Debug)]
struct Line {
    task: AbortHandle,
    watch: Arc<Watch>,
}

/// How many clients were too slow, since the log last told of them.
#[derive(Debug, Default)]
struct Slow {
    heads: usize,
    bodies: usize,
    answers: usize,
}

impl Connections {
    pub(super) fn new(limits: Limits) -> Self {
        let (tasks, open) = (JoinSet::new(), HashMap::new());
        Self { limits, tasks, open, slow: Slow::default(), notice: Notice::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// True when there are as many as there may be.
    pub(super) fn is_full(&self) -> bool {
        self.open.len() >= self.limits.connections
    }

    /// Begins one.
    pub(super) fn begin(
        &mut self,
        watch: Arc<Watch>,
        streams: Option<Arc<Streams>>,
        connection: impl Future<Output = ()> + Send + 'static,
    ) {
        let seen = Seen::of(Arc::clone(&watch));
        let task = self.tasks.spawn(connection);
        self.open.insert(task.id(), Connection { line: Line { task, watch }, seen, streams });
    }

    /// Waits until one has ended.
    pub(super) async fn one_ends(&mut self) {
        let id = match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            Some(Err(error)) => error.id(),
            None => return,
        };
        self.open.remove(&id);
    }

    /// Closes those at rest, and within the grace the others as they come to rest. What is left then ends when this is
    /// dropped.
    pub(super) async fn end(&mut self, grace: Duration) {
        let until = Instant::now() + grace;
        while !self.is_empty() && Instant::now() < until {
            let lines = self.open.values().map(|open| &open.line);
            lines.filter(|line| line.watch.sight().is_at_rest()).for_each(|line| line.task.abort());
            // Those that have ended by now, before the others are looked at again.
            while !self.is_empty() && timeout(LAST_TICK, self.one_ends()).await.is_ok() {}
        }
    }

    /// Closes those that take too long, and when room is needed also some that are not used.
    pub(super) fn sweep(&mut self, is_room_needed: bool) {
        let now = Instant::now();
        let mut spare = Vec::new();
        for connection in self.open.values_mut() {
            let Connection { line, seen, streams } = connection;
            let mut look = |seen: &mut Seen| {
                let lasted = seen.lasts(now);
                if self.limits.of(seen.sight).is_some_and(|limit| lasted >= limit) {
                    seen.since = now;
                    line.close(seen, &mut self.slow);
                }
            };
            look(seen);
            if let Some(streams) = streams {
                streams.look(look);
            }
            if is_room_needed && seen.sight.is_idle() && now - seen.since >= SPARE {
                spare.push(connection);
            }
        }
        // Those that were longest idle, and not all of many: who comes back to one of them has to connect again.
        spare.sort_unstable_by_key(|connection| connection.seen.since);
        let most = MOST_SPARE.max(self.limits.connections / 8);
        spare.iter().take(most).for_each(|connection| connection.line.task.abort());
        if !self.slow.is_nobody() && self.notice.is_due(now) {
            std::mem::take(&mut self.slow).tell();
        }
    }
}

impl Line {
    /// Closes it for what it, or one of its streams, was last seen to do; without an answer unless that still can have one.
    fn close(&self, seen: &Seen, slow: &mut Slow) {
        match seen.sight.phase() {
            _ if seen.sight.is_stalled() => {
                slow.answers += 1;
                // Or the system would keep what the client did not take in, and wait for it in its turn.
                self.watch.reset();
                self.task.abort();
            }
            Phase::Body if seen.watch.give_body_up() => slow.bodies += 1,
            Phase::Head => {
                slow.heads += 1;
                self.task.abort();
            }
            Phase::Idle | Phase::Quiet | Phase::Body | Phase::Serving => self.task.abort(),
        }
    }
}

impl Slow {
    fn is_nobody(&self) -> bool {
        self.heads + self.bodies + self.answers == 0
    }

    fn tell(self) {
        let Self { heads, bodies, answers } = self;
        tracing::warn!(heads, bodies, answers, "clients took too long, and their connections were closed");
    }
}
