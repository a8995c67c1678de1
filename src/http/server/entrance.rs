//! The entrance of a server: it lets connections in one by one, and the system keeps the others waiting.

use std::io::ErrorKind::{ConnectionAborted, ConnectionReset};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};

use super::notice::Notice;

/// How long nobody is accepted after that failed.
const REST: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Entrance {
    listener: TcpListener,
    /// The one that was accepted last, and is not let in yet.
    waiting: Option<TcpStream>,
    rests_until: Option<Instant>,
    failure: Notice,
    crowd: Notice,
}

impl Entrance {
    pub(super) fn of(listener: TcpListener) -> Self {
        let (failure, crowd) = (Notice::default(), Notice::default());
        Self { listener, waiting: None, rests_until: None, failure, crowd }
    }

    pub(super) fn is_anybody_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Waits until somebody is waiting. Nothing is lost when it is not waited for to the end.
    pub(super) async fn open(&mut self) {
        if let Some(until) = self.rests_until {
            sleep_until(until).await;
            self.rests_until = None;
        }
        match self.listener.accept().await {
            Ok((stream, _)) => self.waiting = Some(stream),
            // It is gone before it was accepted.
            Err(error) if matches!(error.kind(), ConnectionAborted | ConnectionReset) => {}
            // Most often there are too many open files, and some have to be closed first.
            Err(error) => {
                let now = Instant::now();
                self.rests_until = Some(now + REST);
                if self.failure.is_due(now) {
                    tracing::warn!(%error, "a connection cannot be accepted: it waits, and is tried again");
                }
            }
        }
    }

    /// Lets in who is waiting, unless it is full.
    pub(super) fn let_in(&mut self, is_full: bool) -> Option<TcpStream> {
        if !is_full {
            // Answers are short, and nothing would be gained by waiting for more. Failing, they are only later.
            return self.waiting.take().inspect(|stream| drop(stream.set_nodelay(true)));
        }
        if self.is_anybody_waiting() && self.crowd.is_due(Instant::now()) {
            tracing::warn!("there are as many connections as there may be: others wait until one ends");
        }
        None
    }
}
