//! The layer that delays answers and injects faults, after the request was decided and recorded.

use std::convert::Infallible;
use std::fmt;
use std::future::pending;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use axum::http::{Request, Response};
use futures_util::stream::unfold;
use tower::{Layer, Service};

use crate::domain::scripted::Fault;

/// The complete answer that a malformed one is the beginning of, and where it is cut.
const COMPLETE: &str = r#"{"is_review":1}"#;
const CUT_AT: usize = 7;

/// How an answer is delivered, where it is not simply sent. An extension of the response that the record layer adds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delivery {
    pub(super) delay: Duration,
    pub(super) fault: Option<Fault>,
}

/// What the server does to the connection instead of sending the response. An extension of the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum AbortConnection {
    /// Reset it: TCP's RST.
    Reset,
    /// Close it.
    Close,
}

impl fmt::Display for AbortConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection ends without an answer, as scripted")
    }
}

impl std::error::Error for AbortConnection {}

/// Applies the [`Delivery`] of each response.
#[derive(Clone, Copy, Debug)]
pub(super) struct FaultLayer;

impl<S> Layer<S> for FaultLayer {
    type Service = FaultService<S>;

    fn layer(&self, inner: S) -> FaultService<S> {
        FaultService(inner)
    }
}

#[derive(Clone, Debug)]
pub(super) struct FaultService<S>(S);

impl<S, B> Service<Request<B>> for FaultService<S>
where
    S: Service<Request<B>, Response = Response<Body>, Error = Infallible, Future: Send + 'static>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let response = self.0.call(request);
        Box::pin(async move {
            let mut response = response.await?;
            match response.extensions_mut().remove::<Delivery>() {
                None => Ok(response),
                Some(delivery) => Ok(Box::pin(delivery.deliver(response)).await),
            }
        })
    }
}

impl Delivery {
    async fn deliver(self, mut response: Response<Body>) -> Response<Body> {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        match self.fault {
            None | Some(Fault::Empty) => {}
            Some(Fault::Hang) => pending().await,
            Some(Fault::Reset) => {
                response.extensions_mut().insert(AbortConnection::Reset);
            }
            Some(Fault::Close) => {
                response.extensions_mut().insert(AbortConnection::Close);
            }
            Some(Fault::Malformed) => {
                let headers = response.headers_mut();
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8"));
                headers.insert(CONTENT_LENGTH, COMPLETE.len().into());
                *response.body_mut() = cut_body();
            }
        }
        response
    }
}

/// A body that ends in an error after its beginning was sent.
fn cut_body() -> Body {
    Body::from_stream(unfold(true, |is_beginning| async move {
        if is_beginning {
            return Some((Ok(Bytes::from_static(&COMPLETE.as_bytes()[..CUT_AT])), false));
        }
        // The server gets to send the beginning before the error ends the connection.
        tokio::task::yield_now().await;
        Some((Err(io::Error::other("the body is cut short, as scripted")), false))
    }))
}
