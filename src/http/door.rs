//! The door: every request of the simulated service enters a space here, and every answer leaves here, with its request
//! ID, an entry in the journal and an event in the log.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::request::Parts;
use axum::http::{Request, Response};
use futures_util::FutureExt;
use tower::Service;
use uuid::Uuid;

use super::answer::ApiAnswer;
use super::gateway::{HeadSize, find_space, strike};
use super::routes;
use crate::domain::checks;
use crate::domain::gateway;
use crate::domain::rules::Answer;
use crate::domain::scripted::Fault;
use crate::simulator::{JournalEntry, Outcome, RecordedRequest, SpaceId, SpaceState, Spaces};

/// The simulated service, as a service.
#[derive(Clone, Debug)]
pub(super) struct Door(pub(super) Arc<Spaces>);

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
        let spaces = Arc::clone(&self.0);
        let (head, body) = request.into_parts();
        // All of a request's state is in this one box, and what is small is quickly had: the body stays where it is, and
        // what hardly any request needs is in a box of its own.
        Box::pin(async move {
            let mut body = pin!(body);
            let (visit, entered) = {
                let size = HeadSize::of(&head);
                (Visit::begin(&head, &size, body.size_hint().lower()), enter(&spaces, &size, &head))
            };
            let (state, answer) = match entered {
                Ok(state) => {
                    let answer = survive(routes::answer(&state, &head, body.as_mut())).await;
                    (state, answer)
                }
                Err((state, refusal)) => (state, *refusal),
            };
            Ok(match visit.end(&state, answer) {
                (response, Some(fault)) => Box::pin(strike(fault, response)).await,
                (response, None) => response,
            })
        })
    }
}

/// Finds the era of a request, or refuses it: then it is the default space that keeps it in mind.
fn enter(spaces: &Spaces, size: &HeadSize, head: &Parts) -> Result<Arc<SpaceState>, (Arc<SpaceState>, Box<ApiAnswer>)> {
    let default = || spaces.space(SpaceId::DEFAULT).expect("the default space is always there").state();
    let refusal = |check, error, detail| ApiAnswer::new(Outcome::Gateway(check, error, detail)).into();
    match (size.error(), find_space(spaces, &head.headers)) {
        (None, Ok(state)) => Ok(state),
        (Some(error), state) => Err((state.unwrap_or_else(|_| default()), refusal(&checks::HEAD_SIZE, error, None))),
        (None, Err(gone)) => Err((default(), refusal(&checks::SPACE, gateway::NOT_AUTHENTICATED, Some(gone.into())))),
    }
}

/// The answer, whatever happens: a panic is the simulator's own fault, and the process's hook logs it.
fn survive(answer: impl Future<Output = ApiAnswer>) -> impl Future<Output = ApiAnswer> {
    AssertUnwindSafe(answer).catch_unwind().map(|answer| answer.unwrap_or_else(|_panic| ApiAnswer::new(Outcome::Fault)))
}

/// A request on its way through.
struct Visit {
    id: Uuid,
    began: Instant,
    /// The path of the endpoint; empty when there is none.
    path: &'static str,
    request: RecordedRequest,
}

impl Visit {
    fn begin(head: &Parts, size: &HeadSize, body: u64) -> Self {
        let path = routes::known(head.uri.path());
        Self { id: Uuid::new_v4(), began: Instant::now(), path, request: size.request(head, body) }
    }

    /// Logs the answer, counts it, writes it down in the journal, and makes a response of it, with the fault that is to
    /// befall it.
    fn end(self, state: &SpaceState, answer: ApiAnswer) -> (Response<Body>, Option<Fault>) {
        let Self { id, began, path, mut request } = self;
        let response = answer.response(id);
        tracing::info!(
            request.id = %id.simple(),
            request.method = %request.method(),
            request.path = ?request.path(),
            response.status = response.status().as_u16(),
            error.code = answer.outcome.error_code(),
            decided_by = answer.outcome.decided_by(),
            check = answer.outcome.check(),
            caller = answer.caller.as_deref(),
            space = %state.space(),
            micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
        let wire_answer = answer.outcome.answer();
        state.metrics().count(path, &answer.outcome);
        state.unexpected_requests().note(&request, &answer.outcome);
        request.read(&answer.asked_body);
        state.journal.write(JournalEntry {
            number: 0,
            request_id: id,
            at: state.clock.now(),
            request,
            caller: answer.caller,
            status: response.status().as_u16(),
            outcome: answer.outcome,
        });
        match wire_answer {
            Some(Answer::Fault(fault)) => (response, Some(fault)),
            _ => (response, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt;
    use hyper::body::Incoming;
    use tower::Service;

    use super::{Door, HeadSize, Visit, survive};
    use crate::domain::world::World;
    use crate::simulator::{JournalLimits, SpaceId, Spaces};

    /// What malloc has at hand for each thread; beyond it every request would go to the heap that all share.
    const QUICKLY_HAD: usize = 1032;

    #[test]
    fn the_state_of_a_request_is_quickly_had() {
        let spaces = Spaces::new("test".into(), &World::default(), JournalLimits::new(10, 1_000_000));
        let state = Door(spaces.into()).call(Request::new(Body::empty()));
        let body = size_of::<crate::http::RequestBody<Incoming>>() - size_of::<Body>();
        assert!(size_of_val(&*state) + body <= QUICKLY_HAD, "{} and {body}", size_of_val(&*state));
    }

    #[tokio::test]
    async fn a_fault_is_the_documented_error_and_the_server_goes_on() {
        let spaces = Spaces::new("test".into(), &World::default(), JournalLimits::new(10, 1_000_000));
        let state = spaces.space(SpaceId::DEFAULT).expect("the default space").state();
        for _ in 0..2 {
            let (head, ()) = Request::new(()).into_parts();
            let visit = Visit::begin(&head, &HeadSize::of(&head), 0);
            let (response, _) = visit.end(&state, survive(async { panic!("on purpose") }).await);
            assert_eq!(response.status(), 500);
            assert_eq!(response.headers()["content-type"], "application/json;charset=UTF-8");
            assert_eq!(response.headers()["x-request-id"].len(), 32);
            let body = response.into_body().collect().await.expect("a body").to_bytes();
            assert_eq!(body, r#"{"error_code":"CBC.0999","error_msg":"Other errors."}"#);
        }
    }
}
