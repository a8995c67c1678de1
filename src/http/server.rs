//! The server: a service behind a socket, until somebody stops it. HTTP/1.1 on plain TCP.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tower::Service;

use super::connections::Connections;
use super::pulse::Pulse;
use super::socket::{Answering, Arriving, Socket};

/// How long requests under way may still take after the stop.
const GRACE: Duration = Duration::from_millis(500);

/// The most connections that wait to be accepted; the system may allow fewer.
const MOST_WAITING: u32 = 4096;

/// How many clients there may be, and how long each may keep the server waiting. What the simulator itself takes, as with
/// a scripted delay, does not count.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The most connections; more of them wait.
    pub connections: usize,
    /// How long a request's head may take from its first byte to its last.
    pub head: Duration,
    /// How long a request's body may take after its head.
    pub body: Duration,
    /// How long nothing may happen between two requests.
    pub idle: Duration,
    /// How long a client may take nothing of its answer.
    pub write: Duration,
}

/// A bound socket, ready to serve.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    stop: watch::Sender<bool>,
}

/// Stops a server. Clones stop the same one.
#[derive(Clone, Debug)]
pub struct Stop(watch::Sender<bool>);

impl Stop {
    /// Takes no new connection, and ends the others within half a second.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Server {
    /// Binds the address, within a runtime; port 0 is any free one.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // Otherwise the port of a server that has just ended could not be used for a minute.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(Self { listener: socket.listen(MOST_WAITING)?, stop: watch::Sender::new(false) })
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
        Stop(self.stop.clone())
    }

    /// Serves until stopped.
    pub async fn serve<S>(self, service: S, limits: Limits)
    where
        S: Service<Request<Arriving<Incoming>>, Response = Response<Body>, Error = Infallible, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        let Self { listener, stop } = self;
        let connections = Connections::new(limits);
        let keeper = tokio::spawn(connections.clone().keep());
        let mut stop = stop.subscribe();
        loop {
            let (stream, room) = tokio::select! {
                accepted = connections.accept(&listener) => accepted,
                _ = stop.wait_for(|is_stopped| *is_stopped) => break,
            };
            // Without it answers are only slower.
            let _ = stream.set_nodelay(true);
            let pulse = Arc::<Pulse>::default();
            let socket = TokioIo::new(Socket::new(stream, Arc::clone(&pulse)));
            let answering = Answering::new(service.clone(), Arc::clone(&pulse));
            let connection = http1::Builder::new().serve_connection(socket, answering);
            connections.serve(room, pulse, async {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection broke");
                }
            });
        }
        drop(listener);
        connections.end(GRACE).await;
        keeper.abort();
    }
}
