//! The server: a service behind a socket, until somebody stops it.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use axum_server::Handle;
use hyper::body::Incoming;
use tower::Service;
use tower::make::Shared;

use super::socket::BreakableAcceptor;

/// How long requests under way may still take after the stop.
const GRACE: Duration = Duration::from_millis(500);

/// A bound socket, ready to serve.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    stop: Stop,
}

/// Stops a server. Clones stop the same one.
#[derive(Clone, Debug)]
pub struct Stop(Handle<SocketAddr>);

impl Stop {
    /// Takes no new connection, and ends the others within half a second.
    pub fn stop(&self) {
        self.0.graceful_shutdown(Some(GRACE));
    }
}

impl Server {
    /// Binds the address; port 0 is any free one.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, stop: Stop(Handle::new()) })
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
    ///
    /// # Errors
    /// When the socket fails.
    pub async fn serve<S>(self, service: S) -> io::Result<()>
    where
        S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send>
            + Clone
            + Send
            + 'static,
    {
        let server = axum_server::from_tcp(self.listener)?.acceptor(BreakableAcceptor).handle(self.stop.0);
        server.serve(Shared::new(service)).await
    }
}
