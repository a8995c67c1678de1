//! HTTP/2: a connection with many exchanges at a time, each of which is a stream.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{HOST, HeaderValue};
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tower::Service;

use super::bodies::RequestBody;
use super::pieces::Pieces;
use super::streams::Streams;
use super::watch::{Phase, Watch};
use crate::http::fault::AbortConnection;

/// The most streams at a time. With fewer, says the protocol, clients lose what it is good for.
const MOST_STREAMS: u32 = 100;

/// How much of a body comes before it is asked for. The connection has room for that much of each, so that none that waits
/// for its turn holds up another.
const WINDOW: u32 = 16 * 1024;

/// The most bytes of a head: more than the gateway takes, so that it is the gateway that refuses.
const MOST_HEAD: u32 = 256 * 1024;

/// How much of an answer waits until the client takes it in.
const MOST_UNSENT: usize = 64 * 1024;

/// Serves a connection. For whoever resets streams as fast as they are opened, and for what else frames can do, h2 has its
/// own limits.
pub(super) async fn serve<I, S>(io: I, watch: Arc<Watch>, streams: Arc<Streams>, service: S)
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request<RequestBody<Incoming>>, Response = Response<Body>, Error = Infallible, Future: Send + 'static>
        + Clone,
{
    let exchanges = Exchanges { service, watch: Arc::clone(&watch), streams: Arc::clone(&streams) };
    let connection = Builder::new(TokioExecutor::new())
        .max_concurrent_streams(MOST_STREAMS)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(MOST_STREAMS * WINDOW)
        .max_header_list_size(MOST_HEAD)
        .max_send_buf_size(MOST_UNSENT)
        .serve_connection(TokioIo::new(io), exchanges);
    let mut connection = pin!(connection);
    let end = poll_fn(|cx| {
        // What the last stream has left to send is sent by this very poll, and nothing ends a connection in the midst of one.
        if streams.is_none_open(cx.waker()) {
            watch.rest();
        }
        connection.as_mut().poll(cx)
    });
    // A connection ends as its client likes. What matters of it is in the journal, and in the log.
    let _ = end.await;
}

/// A service as one connection sees it.
#[derive(Debug)]
struct Exchanges<S> {
    service: S,
    watch: Arc<Watch>,
    streams: Arc<Streams>,
}

impl<S> hyper::service::Service<Request<Incoming>> for Exchanges<S>
where
    S: Service<Request<RequestBody<Incoming>>, Response = Response<Body>, Error = Infallible, Future: Send + 'static>
        + Clone,
{
    type Response = Response<Pieces>;
    type Error = AbortConnection;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Pieces>, AbortConnection>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.watch.enter(Phase::Serving);
        let stream = self.streams.begin();
        let request = with_host(request).map(|body| RequestBody::new(body, Arc::clone(&stream.watch)));
        // It is always ready.
        let response = self.service.clone().call(request);
        Box::pin(async move {
            let Ok(response) = response.await;
            match response.extensions().get::<AbortConnection>() {
                // Either way the stream ends in RST_STREAM, for there is no other end without an answer, and the connection
                // goes on (assumed): others who share it, perhaps in other spaces, have no part in the fault.
                Some(broken) => Err(*broken),
                None => Ok(response.map(|body| Pieces::new(body, stream))),
            }
        })
    }
}

/// The same request with the header that HTTP/2 has another name for. Signatures are over this one.
fn with_host(mut request: Request<Incoming>) -> Request<Incoming> {
    let host = request.uri().authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let Some(host) = host {
        request.headers_mut().entry(HOST).or_insert(host);
    }
    request
}
