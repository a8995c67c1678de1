//! The exchanges of one connection of HTTP/1.1: each a request and its answer, one after the other, which tell the watch how
//! they get on.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper_util::rt::TokioIo;
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite};
use tower::Service;

use super::bodies::{Answered, RequestBody};
use super::watch::{Phase, Watch};
use crate::http::fault::AbortConnection;

/// Serves a connection.
pub(super) async fn serve<I, S>(io: I, watch: Arc<Watch>, service: S)
where
    I: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request<RequestBody<Incoming>>, Response = Response<Body>, Error = Infallible> + Clone,
{
    let connection =
        Builder::new().header_read_timeout(None).serve_connection(TokioIo::new(io), Exchange { service, watch });
    // A connection ends as its client likes. What matters of it is in the journal, and in the log.
    let _ = connection.await;
}

/// A service as one connection sees it.
#[derive(Debug)]
struct Exchange<S> {
    service: S,
    watch: Arc<Watch>,
}

impl<S> hyper::service::Service<Request<Incoming>> for Exchange<S>
where
    S: Service<Request<RequestBody<Incoming>>, Response = Response<Body>, Error = Infallible> + Clone,
{
    type Response = Response<Answered>;
    type Error = AbortConnection;
    type Future = ExchangeFuture<S::Future>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.watch.enter(Phase::Serving);
        let request = request.map(|body| RequestBody::new(body, Arc::clone(&self.watch)));
        // It is always ready.
        ExchangeFuture { response: self.service.clone().call(request), watch: Arc::clone(&self.watch) }
    }
}

pin_project! {
    /// The response, or the error that makes hyper give the connection up.
    struct ExchangeFuture<F> {
        #[pin]
        response: F,
        watch: Arc<Watch>,
    }
}

impl<F> Future for ExchangeFuture<F>
where
    F: Future<Output = Result<Response<Body>, Infallible>>,
{
    type Output = Result<Response<Answered>, AbortConnection>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(response) = ready!(this.response.poll(cx));
        if let Some(broken) = response.extensions().get::<AbortConnection>() {
            if *broken == AbortConnection::Reset {
                this.watch.reset();
            }
            return Poll::Ready(Err(*broken));
        }
        Poll::Ready(Ok(response.map(|body| Answered::new(body, Arc::clone(this.watch)))))
    }
}
