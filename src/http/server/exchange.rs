//! The exchanges of one connection: each a request and its answer, which tell the watch how they get on.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tower::Service;

use super::bodies::{Answered, Asked};
use super::watch::{Phase, Watch};
use crate::http::gateway::Broken;

/// A service as one connection sees it.
#[derive(Debug)]
pub(super) struct Exchange<S> {
    pub(super) service: S,
    pub(super) watch: Arc<Watch>,
}

impl<S> hyper::service::Service<Request<Incoming>> for Exchange<S>
where
    S: Service<Request<Asked<Incoming>>, Response = Response<Body>, Error = Infallible> + Clone,
{
    type Response = Response<Answered>;
    type Error = Broken;
    type Future = ExchangeFuture<S::Future>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.watch.enter(Phase::Serving);
        let request = request.map(|body| Asked::new(body, Arc::clone(&self.watch)));
        // It is always ready.
        ExchangeFuture { response: self.service.clone().call(request), watch: Arc::clone(&self.watch) }
    }
}

pin_project! {
    /// The response, or the error that makes hyper give the connection up.
    pub(super) struct ExchangeFuture<F> {
        #[pin]
        response: F,
        watch: Arc<Watch>,
    }
}

impl<F> Future for ExchangeFuture<F>
where
    F: Future<Output = Result<Response<Body>, Infallible>>,
{
    type Output = Result<Response<Answered>, Broken>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(response) = ready!(this.response.poll(cx));
        if let Some(broken) = response.extensions().get::<Broken>() {
            if *broken == Broken::Reset {
                this.watch.reset();
            }
            return Poll::Ready(Err(*broken));
        }
        Poll::Ready(Ok(response.map(|body| Answered::new(body, Arc::clone(this.watch)))))
    }
}
