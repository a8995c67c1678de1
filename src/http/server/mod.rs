//! The HTTP server: serves connections over TCP or TLS, in HTTP/1.1 or HTTP/2, until it is shut down. Clients may be slow,
//! broken or hostile: each step of a connection has a time limit.

mod connection;
mod io;

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, Response};
use axum::serve::Listener;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use super::limits::{BodyMemory, Limits};
#[cfg(feature = "tls")]
use super::tls::Tls;

#[derive(Debug)]
pub struct Server {
    limits: Limits,
    shutdown: CancellationToken,
    memory: BodyMemory,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

impl Server {
    /// Returns a server that ends when `shutdown` is cancelled.
    pub fn new(limits: Limits, shutdown: CancellationToken) -> Self {
        Self {
            limits,
            shutdown,
            memory: BodyMemory::default(),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Serves HTTPS, if `tls` is given, instead of HTTP.
    #[cfg(feature = "tls")]
    pub fn with_tls(self, tls: Option<Tls>) -> Self {
        Self { tls, ..self }
    }

    /// Serves until the server is shut down, and then lets the requests under way end within [`Limits::grace`].
    pub async fn serve<S>(self, mut listener: TcpListener, service: S)
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send + 'static>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        let server = Arc::new(self);
        let connections = TaskTracker::new();
        let permits = Arc::new(Semaphore::new(server.limits.connections.min(Semaphore::MAX_PERMITS)));
        let accept = async {
            loop {
                if permits.available_permits() == 0 {
                    tracing::warn!("there are as many connections as there may be: others wait until one ends");
                }
                let permit = Arc::clone(&permits).acquire_owned().await.expect("the semaphore is never closed");
                let (stream, _) = Listener::accept(&mut listener).await;
                // Responses are short: waiting for more bytes would only delay them. If this fails, they are late.
                let _ = stream.set_nodelay(true);
                let (server, service) = (Arc::clone(&server), service.clone());
                connections.spawn(async move {
                    server.serve_connection(stream, service).await;
                    drop(permit);
                });
            }
        };
        let _: Option<Infallible> = server.shutdown.run_until_cancelled(accept).await;
        drop(listener);
        connections.close();
        connections.wait().await;
    }
}
