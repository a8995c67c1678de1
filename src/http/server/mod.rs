//! The server: a service behind a socket, which may be wrapped in TLS, until somebody stops it. Its clients may be slow,
//! broken or hostile: each has its limits, and none holds up another.

#[cfg(feature = "tls")]
mod authority;
mod bodies;
mod connections;
mod entrance;
mod exchange;
mod limits;
#[cfg(feature = "tls")]
mod multiplex;
mod notice;
#[cfg(feature = "tls")]
mod pieces;
mod seen;
mod socket;
#[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "it is by TLS that clients choose HTTP/2"))]
mod streams;
#[cfg(feature = "tls")]
mod tls;
mod watch;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};
use tower::Service;

pub use bodies::RequestBody;
use connections::Connections;
use entrance::Entrance;
pub use limits::Limits;
use socket::Socket;
#[cfg(feature = "tls")]
pub use tls::Tls;
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
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
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
        Ok(Self {
            listener: socket.listen(BACKLOG)?,
            limits,
            stop: Stop(Arc::default()),
            #[cfg(feature = "tls")]
            tls: None,
        })
    }

    /// The same server, with HTTPS instead of HTTP if there is what that needs.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn secured(self, tls: Option<Tls>) -> Self {
        Self { tls, ..self }
    }

    /// The address it is bound to.
    ///
    /// # Errors
    /// When the system does not know it.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The scheme of its URLs.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        #[cfg(feature = "tls")]
        if self.tls.is_some() {
            return "https";
        }
        "http"
    }

    /// What stops it.
    #[must_use]
    pub fn stop_handle(&self) -> Stop {
        self.stop.clone()
    }

    /// Serves until stopped.
    pub async fn serve<S>(self, service: S)
    where
        S: Service<Request<RequestBody<Incoming>>, Response = Response<Body>, Error = Infallible, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        let mut entrance = Entrance::of(self.listener);
        let mut connections = Connections::new(self.limits);
        let mut tick = interval(self.limits.tick());
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.stop.0.notified() => break,
                () = connections.one_ends(), if !connections.is_empty() => {}
                _ = tick.tick(), if !connections.is_empty() => connections.sweep(entrance.is_anybody_waiting()),
                () = entrance.open(), if !entrance.is_anybody_waiting() => {}
            }
            if let Some(stream) = entrance.let_in(connections.is_full()) {
                let (watch, service) = (Arc::new(Watch::default()), service.clone());
                let socket = Socket { stream, watch: Arc::clone(&watch) };
                // Whatever wraps a socket, wraps it here: what the watch sees are the bytes on the wire.
                #[cfg(feature = "tls")]
                if let Some(tls) = self.tls.clone() {
                    let streams = Arc::default();
                    connections.begin(
                        Arc::clone(&watch),
                        Some(Arc::clone(&streams)),
                        tls.serve(socket, streams, service),
                    );
                    continue;
                }
                connections.begin(Arc::clone(&watch), None, exchange::serve(socket, watch, service));
            }
        }
        drop(entrance);
        connections.end(GRACE).await;
    }
}
