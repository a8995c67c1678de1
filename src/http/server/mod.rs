//! The server: a service behind a socket, until somebody stops it. Its clients may be slow, broken or hostile: each has
//! its limits, and none holds up another.

mod bodies;
mod connections;
mod entrance;
mod exchange;
mod limits;
mod notice;
mod socket;
mod watch;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};
use tower::Service;

pub use bodies::Asked;
use connections::Connections;
use entrance::Entrance;
use exchange::Exchange;
pub use limits::Limits;
use socket::Socket;
use watch::Watch;

/// How long requests under way may still take after the stop.
const GRACE: Duration = Duration::from_millis(500);

/// How many connections the system may keep waiting until they are accepted. It may allow fewer.
const BACKLOG: u32 = 4096;

/// A bound socket, ready to serve.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    limits: Limits,
    stop: Stop,
}

/// Stops a server. Clones stop the same one.
#[derive(Clone, Debug)]
pub struct Stop(Arc<Notify>);

impl Stop {
    /// Takes no new connection, and ends the others within half a second.
    pub fn stop(&self) {
        self.0.notify_one();
    }
}

impl Server {
    /// Binds the address, within a runtime; port 0 is any free one.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn bind(address: SocketAddr, limits: Limits) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(Self { listener: socket.listen(BACKLOG)?, limits, stop: Stop(Arc::default()) })
    }

    /// The address it is bound to.
    ///
    /// # Errors
    /// When the system does not know it.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// What stops it.
    #[must_use]
    pub fn stop_handle(&self) -> Stop {
        self.stop.clone()
    }

    /// Serves until stopped.
    pub async fn serve<S>(self, service: S)
    where
        S: Service<Request<Asked<Incoming>>, Response = Response<Body>, Error = Infallible, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        let Self { listener, limits, stop } = self;
        let mut entrance = Entrance::of(listener);
        let mut connections = Connections::new(limits);
        let mut tick = interval(limits.tick());
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.0.notified() => break,
                () = connections.one_ends(), if !connections.is_empty() => {}
                _ = tick.tick(), if !connections.is_empty() => connections.sweep(entrance.is_anybody_waiting()),
                () = entrance.open(), if !entrance.is_anybody_waiting() => {}
            }
            if let Some(stream) = entrance.let_in(connections.is_full()) {
                let watch = Arc::new(Watch::default());
                let exchange = Exchange { service: service.clone(), watch: Arc::clone(&watch) };
                let socket = Socket { stream, watch: Arc::clone(&watch) };
                // Whatever wraps a socket, wraps it here: what the watch sees are the bytes on the wire.
                let connection =
                    Builder::new().header_read_timeout(None).serve_connection(TokioIo::new(socket), exchange);
                connections.begin(watch, async {
                    // A connection ends as its client likes. What matters of it is in the journal, and in the log.
                    let _ = connection.await;
                });
            }
        }
        drop(entrance);
        connections.end(GRACE).await;
    }
}
