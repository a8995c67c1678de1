//! Connections: those that are open, how many there may be, and who ends the ones that only take up room. A keeper looks
//! at all of them now and then, so that no request has to set a timer.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;

use super::pulse::{Felt, Pulse};
use super::server::Limits;

/// How often the keeper looks, at the least and at the most; in between it is a quarter of the shortest limit.
const LOOKS: [Duration; 2] = [Duration::from_millis(5), Duration::from_secs(1)];

/// How often it looks while the server stops.
const LAST_LOOKS: Duration = Duration::from_millis(2);

/// How long to rest when the system has no room for another connection.
const REST: Duration = Duration::from_millis(100);

/// The open connections of a server. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Connections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limits: Limits,
    room: Arc<Semaphore>,
    open: Mutex<Open>,
    opened: Notify,
}

#[derive(Debug, Default)]
struct Open {
    last: u64,
    by_number: HashMap<u64, Connection>,
}

#[derive(Debug)]
struct Connection {
    pulse: Arc<Pulse>,
    felt: Felt,
    task: AbortHandle,
}

/// A place among the connections, until it is dropped.
#[derive(Debug)]
struct Place {
    connections: Connections,
    number: u64,
    _room: OwnedSemaphorePermit,
}

impl Connections {
    pub(super) fn new(limits: Limits) -> Self {
        let room = Arc::new(Semaphore::new(limits.connections));
        Self(Arc::new(Shared { limits, room, open: Mutex::default(), opened: Notify::new() }))
    }

    /// Accepts a connection once there is room for it; until then it waits in the system's queue.
    pub(super) async fn accept(&self, listener: &TcpListener) -> (TcpStream, OwnedSemaphorePermit) {
        let room = Arc::clone(&self.0.room).acquire_owned().await.expect("nobody closes it");
        let mut is_told = false;
        loop {
            match listener.accept().await {
                Ok((stream, _)) => return (stream, room),
                Err(error) if is_of_the_client(&error) => {}
                Err(error) => {
                    if !is_told {
                        tracing::warn!(%error, "no connection can be accepted at the moment");
                    }
                    is_told = true;
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }

    /// Serves a connection, as a task of its own.
    pub(super) fn serve<F>(&self, room: OwnedSemaphorePermit, pulse: Arc<Pulse>, connection: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut open = self.open();
        open.last += 1;
        let number = open.last;
        let place = Place { connections: self.clone(), number, _room: room };
        let task = tokio::spawn(async move {
            let _place = place;
            connection.await;
        });
        // It cannot leave before it is entered: for that it needs the lock.
        let connection = Connection { pulse, felt: Felt::new(Instant::now()), task: task.abort_handle() };
        open.by_number.insert(number, connection);
        drop(open);
        self.0.opened.notify_one();
    }

    /// Ends the connections whose clients keep the server waiting for too long. Rests while there is none.
    pub(super) async fn keep(self) {
        let limits = &self.0.limits;
        let shortest = [limits.head, limits.body, limits.idle, limits.write].into_iter().min().unwrap_or_default();
        let [often, seldom] = LOOKS;
        let look = (shortest / 4).clamp(often, seldom);
        loop {
            while !self.is_empty() {
                tokio::time::sleep(look).await;
                let now = Instant::now();
                self.end_those(|connection| connection.felt.is_overdue(&connection.pulse, now, limits));
            }
            self.0.opened.notified().await;
        }
    }

    /// Ends the connections that no request is under way on, and so long the others as they come to rest; after the grace
    /// all of them.
    pub(super) async fn end(&self, grace: Duration) {
        let until = Instant::now() + grace;
        while !self.is_empty() && Instant::now() < until {
            self.end_those(|connection| connection.pulse.is_at_rest());
            tokio::time::sleep(LAST_LOOKS).await;
        }
        self.end_those(|_| true);
    }

    fn end_those(&self, mut is_to_end: impl FnMut(&mut Connection) -> bool) {
        for connection in self.open().by_number.values_mut() {
            if is_to_end(connection) {
                connection.task.abort();
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.open().by_number.is_empty()
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().expect("nothing panics while it holds the connections")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let left = self.connections.open().by_number.remove(&self.number);
        // Its task is the one that drops this: not under the lock.
        drop(left);
    }
}

/// True when the connection ended before it was accepted: the next one may be fine.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
