//! The front: what a port answers with. It is a service by itself and no router, because a request passes through it before
//! it reaches anything, and what it costs every request pays.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::http::{Request, Response};
use axum::{BoxError, Router};
use bytes::Bytes;
use tower::Service;

use super::door::Door;
use super::{App, STEERING, steering};

/// The simulated service, with the control API beside it unless that has a port of its own.
#[derive(Clone, Debug)]
pub struct Front {
    door: Door,
    steering: Option<Router>,
}

impl Front {
    /// The simulated service and the control API.
    #[must_use]
    pub fn of_all(app: &Arc<App>) -> Self {
        // With its state a router needs no new route for each request.
        Self { steering: Some(steering(app).with_state(())), ..Self::of_service(app) }
    }

    /// The simulated service alone.
    #[must_use]
    pub fn of_service(app: &Arc<App>) -> Self {
        Self { door: Door(Arc::clone(&app.spaces)), steering: None }
    }
}

impl<B> Service<Request<B>> for Front
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let is_steering =
            request.uri().path().strip_prefix(STEERING).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        match &mut self.steering {
            Some(steering) if is_steering => Box::pin(steering.call(request.map(Body::new))),
            _ => self.door.call(request),
        }
    }
}
