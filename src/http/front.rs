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
use super::{App, STEERING, control};

/// What answers at a port.
#[derive(Clone, Debug)]
pub struct Front(Behind);

#[derive(Clone, Debug)]
enum Behind {
    /// The simulated service and the control API.
    All(Door, Router),
    /// The simulated service alone.
    Service(Door),
    /// The control API alone.
    Control(Router),
}

impl Front {
    /// The simulated service and the control API.
    #[must_use]
    pub fn of_all(app: &Arc<App>) -> Self {
        Self(Behind::All(Door(Arc::clone(&app.spaces)), control_of(app)))
    }

    /// The simulated service alone.
    #[must_use]
    pub fn of_service(app: &Arc<App>) -> Self {
        Self(Behind::Service(Door(Arc::clone(&app.spaces))))
    }

    /// The control API alone.
    #[must_use]
    pub fn of_control(app: &Arc<App>) -> Self {
        Self(Behind::Control(control_of(app)))
    }
}

/// The control API. With its state it needs no new route for each request.
fn control_of(app: &Arc<App>) -> Router {
    Router::new().nest(STEERING, control::routes(app)).with_state(())
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
        let is_control =
            request.uri().path().strip_prefix(STEERING).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        match &mut self.0 {
            Behind::Control(control) => Box::pin(control.call(request.map(Body::new))),
            Behind::All(_, control) if is_control => Box::pin(control.call(request.map(Body::new))),
            Behind::All(service, _) | Behind::Service(service) => service.call(request),
        }
    }
}
