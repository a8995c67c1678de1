//! The server: a router behind a socket, until somebody stops it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::Router;
use axum_server::Handle;

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
    pub async fn serve(self, router: Router) -> io::Result<()> {
        let server = axum_server::from_tcp(self.listener)?.acceptor(BreakableAcceptor).handle(self.stop.0);
        server.serve(router.into_make_service()).await
    }
}
