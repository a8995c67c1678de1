//! The HTTP server: serves connections over TCP or TLS, in HTTP/1.1 or HTTP/2, until it is shut down. Clients may be slow,
//! broken or hostile: each step of a connection has a time limit.

mod io;

use std::convert::Infallible;
use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{HOST, HeaderValue};
#[cfg(feature = "tls")]
use axum::http::uri::Scheme;
use axum::http::{Request, Response, Version};
use axum::serve::Listener;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
#[cfg(feature = "tls")]
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use self::io::{ActiveRequest, ConnectionState, Phase, Socket};
use super::limits::{BodyMemory, FramedBody, Limits, SpareTimer};
use super::response::AbortConnection;
#[cfg(feature = "tls")]
use super::tls::{HTTP_2, Tls};
use crate::simulator::{Shared, Spaces};

/// The most headers that the library reads. The gateway takes fewer, so that it is the gateway that refuses more.
const MAX_HEADERS: usize = 400;

#[derive(Debug)]
pub struct Server {
    limits: Limits,
    shutdown: CancellationToken,
    /// Where broken HTTP is counted.
    shared: Arc<Shared>,
    memory: BodyMemory,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

impl Server {
    /// Returns a server of the requests to these spaces. It ends with them.
    pub fn new(limits: Limits, spaces: &Spaces) -> Self {
        Self {
            limits,
            shutdown: spaces.ending(),
            shared: Arc::clone(&spaces.shared),
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

    async fn serve_connection<S>(&self, stream: TcpStream, service: S)
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send + 'static> + Clone,
    {
        let state = Arc::new(ConnectionState::new(self.shutdown.clone()));
        let socket = Socket { stream, state: Arc::clone(&state) };
        let mut serving = pin!(self.serve_http(socket, &state, service));
        tokio::select! {
            biased;
            () = serving.as_mut() => {}
            phase = state.overdue(&self.limits) => close_slow(&state, phase),
        }
    }

    async fn serve_http<S>(&self, socket: Socket, state: &Arc<ConnectionState>, service: S)
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send + 'static> + Clone,
    {
        let mut http1 = Builder::new(TokioExecutor::new()).http1_only();
        // A client may end its side once it has sent its requests. Shell clients look for `X-Subject-Token` with its case.
        http1.http1().half_close(true).max_headers(MAX_HEADERS).title_case_headers(true);
        #[cfg(not(feature = "tls"))]
        let (io, builder) = (socket, http1);
        #[cfg(feature = "tls")]
        let (io, builder) = match &self.tls {
            None => (Either::Left(socket), http1),
            Some(tls) => {
                let Some(Some(stream)) = self.shutdown.run_until_cancelled(tls.accept(socket)).await else { return };
                let is_http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP_2);
                state.begin_http(is_http2);
                (Either::Right(stream), if is_http2 { http2() } else { http1 })
            }
        };
        // Cancelled when the server shuts down, or when a client of HTTP/2 does not read.
        let end = self.shutdown.child_token();
        let body_timer = SpareTimer::default();
        let service = service_fn(|mut request: Request<Incoming>| {
            add_host(&mut request);
            #[cfg(feature = "tls")]
            if self.tls.is_some() {
                request.extensions_mut().insert(Scheme::HTTPS);
            }
            let (active, is_http2) = (ActiveRequest::begin(state), request.version() == Version::HTTP_2);
            let (time, overdue) = (self.limits.answer, is_http2.then(|| end.clone()));
            let request = request.map(|body| self.memory.limit(body, self.limits.body, &body_timer));
            // The services of axum are always ready.
            let response = service.clone().call(request);
            async move {
                let Ok(response) = response.await;
                match response.extensions().get::<AbortConnection>() {
                    Some(abort) => {
                        if *abort == AbortConnection::Hang {
                            active.0.hang().await;
                        }
                        // Of HTTP/2 only the stream ends, and its end is a reset anyhow.
                        if *abort == AbortConnection::Reset && !is_http2 {
                            active.0.reset();
                        }
                        Err(*abort)
                    }
                    None => Ok(response.map(|body| {
                        let body = match overdue {
                            Some(overdue) => Body::new(FramedBody::new(body, time, overdue)),
                            None => body,
                        };
                        // The request is active until the body is dropped.
                        body.map_err(move |error| (error, &active).0)
                    })),
                }
            }
        });
        let mut connection = pin!(builder.serve_connection(TokioIo::new(io), service));
        tokio::select! {
            biased;
            // The log and the journal have the requests, however the connection ends.
            served = connection.as_mut() => return self.note_broken(served.err().as_deref()),
            () = end.cancelled() => {}
        }
        if self.shutdown.is_cancelled() {
            connection.as_mut().graceful_shutdown();
            // Without a request under way, the client gets the end of the connection and is not waited for.
            let is_unused = matches!(state.phase(), Phase::Idle | Phase::Head);
            let grace = if is_unused { Duration::ZERO } else { self.limits.grace };
            let _ = timeout(grace, connection).await;
        } else {
            close_slow(state, Phase::Blocked);
        }
    }
}

impl Server {
    /// Logs and counts what the library refused, for it is in no journal.
    fn note_broken(&self, error: Option<&(dyn Error + Send + Sync + 'static)>) {
        if let Some(error) = error.and_then(|error| error.downcast_ref::<hyper::Error>())
            && error.is_parse()
        {
            tracing::info!("broken HTTP was refused: {error}");
            self.shared.metrics.count_broken();
        }
    }
}

/// Closes a connection whose client is too slow.
fn close_slow(state: &ConnectionState, phase: Phase) {
    if phase == Phase::Blocked {
        // Otherwise the system would keep what the client has not read.
        state.reset();
    }
    if !matches!(phase, Phase::Idle | Phase::Gone) {
        tracing::info!(?phase, "a client took too long: its connection is closed");
    }
}

/// Serves HTTP/2. Floods of frames are limited by the library itself.
#[cfg(feature = "tls")]
fn http2() -> Builder<TokioExecutor> {
    /// The protocol recommends no fewer.
    const MAX_STREAMS: u32 = 100;
    /// What streams begin with in the protocol. Some clients cannot handle that a server takes less.
    const STREAM_WINDOW: u32 = 64 * 1024 - 1;
    let mut builder = Builder::new(TokioExecutor::new()).http2_only();
    let mut http2 = builder.http2();
    http2.max_concurrent_streams(MAX_STREAMS).initial_stream_window_size(STREAM_WINDOW).max_send_buf_size(64 * 1024);
    // There is room for all streams, so that one that waits for memory does not block the others.
    http2.initial_connection_window_size(MAX_STREAMS * STREAM_WINDOW);
    // The gateway takes less, so that it is the gateway that refuses more.
    http2.max_header_list_size(256 * 1024);
    builder
}

/// Adds the header `Host`, which HTTP/2 sends as `:authority`, because signatures cover it.
fn add_host(request: &mut Request<Incoming>) {
    if request.version() == Version::HTTP_2
        && let Some(authority) = request.uri().authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        request.headers_mut().insert(HOST, host);
    }
}
