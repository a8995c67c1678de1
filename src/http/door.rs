//! The door: every request of the simulated service enters a space here, and every answer leaves here, with its request
//! ID, an entry in the journal and an event in the log.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, Response};
use futures_util::FutureExt;
use tower::Service;
use uuid::Uuid;

use super::answer::Answer;
use super::gateway::{HeadSize, find_space, strike};
use super::routes;
use crate::domain::check;
use crate::domain::decision::Reply;
use crate::domain::gateway;
use crate::simulator::{Entry, Era, Ruling, Simulator, SpaceId};

/// The simulated service, as a service.
#[derive(Clone, Debug)]
pub(super) struct Door(pub(super) Arc<Simulator>);

impl<B> Service<Request<B>> for Door
where
    B: HttpBody<Data = Bytes> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let simulator = Arc::clone(&self.0);
        Box::pin(async move { Ok(pass(&simulator, request, routes::answer).await) })
    }
}

/// Lets a request through to what answers it, and sends the answer out.
async fn pass<B, F>(
    simulator: &Simulator,
    request: Request<B>,
    answer: impl FnOnce(Arc<Era>, Request<B>) -> F,
) -> Response<Body>
where
    B: HttpBody,
    F: Future<Output = Answer>,
{
    let started = Instant::now();
    let id = Uuid::new_v4();
    let size = HeadSize::of(&request);
    let mut asked = size.asked(&request);
    let (era, refusal) = enter(simulator, &size, &request);
    let answer = match refusal {
        Some(refusal) => refusal,
        None => {
            let answered = AssertUnwindSafe(answer(Arc::clone(&era), request)).catch_unwind().await;
            // The panic itself is logged by the process's hook.
            answered.unwrap_or_else(|_panic| Answer::new(Ruling::Fault))
        }
    };
    let response = answer.response(id);
    tracing::info!(
        request.id = %id.simple(),
        request.method = %asked.method(),
        request.path = ?asked.path(),
        response.status = response.status().as_u16(),
        error.code = answer.ruling.error_code(),
        decided_by = answer.ruling.decided_by(),
        check = answer.ruling.check(),
        caller = answer.caller.as_deref(),
        space = %era.space(),
        micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
    let reply = answer.ruling.reply();
    asked.read(&answer.asked_body);
    era.journal.write(Entry {
        number: 0,
        request_id: id,
        at: era.clock.now(),
        asked,
        caller: answer.caller,
        status: response.status().as_u16(),
        ruling: answer.ruling,
    });
    match reply {
        Some(Reply::Fault(fault)) => strike(fault, response).await,
        _ => response,
    }
}

/// Finds the era of a request, or refuses it: then it is the default space that keeps it in mind.
fn enter<B>(simulator: &Simulator, size: &HeadSize, request: &Request<B>) -> (Arc<Era>, Option<Answer>) {
    let default = || simulator.space(SpaceId::DEFAULT).expect("the default space is always there").era();
    let refuse =
        |check, error, detail: Option<String>| Some(Answer::new(Ruling::Gateway(check, error, detail.map(Into::into))));
    match (size.error(), find_space(simulator, request.headers())) {
        (None, Ok(era)) => (era, None),
        (Some(error), era) => (era.unwrap_or_else(|_| default()), refuse(&check::HEAD_SIZE, error, None)),
        (None, Err(gone)) => (default(), refuse(&check::SPACE, gateway::NOT_AUTHENTICATED, Some(gone))),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt;

    use super::pass;
    use crate::domain::world::World;
    use crate::simulator::{JournalLimits, Simulator};

    #[tokio::test]
    async fn a_fault_is_the_documented_error_and_the_server_goes_on() {
        let simulator = Simulator::new("test".into(), &World::default(), JournalLimits::new(10, 1_000_000));
        for _ in 0..2 {
            let request = Request::get("/fault").body(Body::empty()).expect("a request");
            let response = pass(&simulator, request, |_, _| async { panic!("on purpose") }).await;
            assert_eq!(response.status(), 500);
            assert_eq!(response.headers()["content-type"], "application/json;charset=UTF-8");
            assert_eq!(response.headers()["x-request-id"].len(), 32);
            let body = response.into_body().collect().await.expect("a body").to_bytes();
            assert_eq!(body, r#"{"error_code":"CBC.0999","error_msg":"Other errors."}"#);
        }
    }
}
