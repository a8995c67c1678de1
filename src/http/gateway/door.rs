//! The door: every request of the API enters a space here, and every answer leaves here, with its request ID, an entry in
//! the journal and an event in the log.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, SERVER};
use axum::http::{HeaderMap, Response, Uri};
use axum::middleware::Next;
use axum::response::IntoResponse;
use uuid::Uuid;

use super::{fault, space};
use crate::domain::check;
use crate::domain::decision::Reply;
use crate::domain::gateway::{self, GatewayError};
use crate::http::answer::Answer;
use crate::simulator::{Asked, Entry, Era, Ruling, Simulator, SpaceId};

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The headers whose values are credentials, and are kept nowhere.
const SECRET_HEADERS: [&str; 4] = ["authorization", "cookie", "x-auth-token", "x-security-token"];

/// Lets a request through, and finishes its answer.
pub(in crate::http) async fn door(
    State(simulator): State<Arc<Simulator>>,
    mut request: Request,
    next: Next,
) -> Response<Body> {
    let started = Instant::now();
    let request_id = Uuid::new_v4().simple().to_string();
    let mut asked = head(&request);
    let (era, refusal) = enter(&simulator, &request);
    let response = match refusal {
        Some(answer) => answer.into_response(),
        None => {
            request.extensions_mut().insert(Arc::clone(&era));
            next.run(request).await
        }
    };
    let (response, answer) = finish(response, &request_id);
    let Some(answer) = answer else { return response };
    tracing::info!(
        request.id = %request_id,
        request.method = %asked.method,
        request.path = ?asked.target.split('?').next().unwrap_or_default(),
        response.status = response.status().as_u16(),
        error.code = answer.ruling.error_code(),
        decided_by = answer.ruling.decided_by(),
        check = answer.ruling.check(),
        caller = answer.caller.as_deref(),
        space = %era.space(),
        micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
    asked.body = answer.asked_body.as_ref().into();
    era.journal.write(Entry {
        number: 0,
        request_id: request_id.into(),
        at: era.clock.now(),
        asked,
        caller: answer.caller.clone(),
        status: response.status().as_u16(),
        ruling: Arc::clone(&answer.ruling),
    });
    match answer.ruling.reply() {
        Some(Reply::Fault(fault)) => fault::strike(fault, response).await,
        _ => response,
    }
}

/// Finds the era of a request, or refuses it: then it is the default space that keeps it in mind.
fn enter(simulator: &Simulator, request: &Request) -> (Arc<Era>, Option<Answer>) {
    let default = || simulator.space(SpaceId::DEFAULT).expect("the default space is always there").era();
    let refuse =
        |check, error, detail: Option<String>| Some(Answer::new(Ruling::Gateway(check, error, detail.map(Into::into))));
    match (head_error(request.uri(), request.headers()), space::find(simulator, request.headers())) {
        (None, Ok(era)) => (era, None),
        (Some(error), era) => (era.unwrap_or_else(|_| default()), refuse(&check::HEAD_SIZE, error, None)),
        (None, Err(gone)) => (default(), refuse(&check::SPACE, gateway::NOT_AUTHENTICATED, Some(gone))),
    }
}

fn head(request: &Request) -> Asked {
    let mut headers = String::with_capacity(512);
    for (name, value) in request.headers() {
        headers.push_str(name.as_str());
        headers.push_str(": ");
        match value.to_str() {
            _ if SECRET_HEADERS.contains(&name.as_str()) => headers.push_str("***"),
            Ok(value) => headers.push_str(value),
            Err(_) => headers.push_str(&String::from_utf8_lossy(value.as_bytes())),
        }
        headers.push('\n');
    }
    Asked {
        method: request.method().as_str().into(),
        target: request.uri().path_and_query().map_or("", |target| target.as_str()).into(),
        headers: headers.into(),
        body: Box::default(),
    }
}

/// Gives a response its request ID and, when it is the gateway's, its body.
fn finish(mut response: Response<Body>, request_id: &str) -> (Response<Body>, Option<Arc<Answer>>) {
    let answer = response.extensions().get::<Arc<Answer>>().cloned();
    if let Some((answer, Reply::Gateway(error))) =
        answer.as_ref().and_then(|answer| Some((answer, answer.ruling.reply()?)))
    {
        *response.body_mut() = answer.body(request_id).unwrap_or_default().into();
        let headers = response.headers_mut();
        // The length of the empty body that stood here.
        headers.remove(CONTENT_LENGTH);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(SERVER, HeaderValue::from_static("api-gateway"));
        if let Some(seconds) = error.retry_after {
            headers.insert(RETRY_AFTER, u16::from(seconds).into());
        }
    }
    let headers = response.headers_mut();
    // The framework adds it to every answer for an unknown method.
    headers.remove(ALLOW);
    headers.insert(X_REQUEST_ID.clone(), HeaderValue::from_str(request_id).expect("hex digits fit a header"));
    (response, answer)
}

/// The most bytes of a target, and of one header (the gateway's "32 K").
const MAX_PIECE_BYTES: usize = 32 * 1024;

/// The most bytes of all headers together (the gateway's "128 K").
const MAX_HEADERS_BYTES: usize = 128 * 1024;

fn head_error(uri: &Uri, headers: &HeaderMap) -> Option<&'static GatewayError> {
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    let sizes = headers.iter().map(|(name, value)| name.as_str().len() + value.len());
    let (largest, sum) = sizes.fold((0, 0), |(largest, sum), size| (size.max(largest), sum + size));
    if target > MAX_PIECE_BYTES {
        Some(gateway::TARGET_TOO_LARGE)
    } else if largest > MAX_PIECE_BYTES || sum > MAX_HEADERS_BYTES {
        Some(gateway::HEADERS_TOO_LARGE)
    } else {
        None
    }
}

/// Answers for a path that is none of the API's.
pub(in crate::http) async fn unknown_path() -> Answer {
    Answer::new(Ruling::Gateway(&check::PATH_KNOWN, gateway::UNKNOWN_PATH, None))
}

/// Answers for a method that the path does not have.
pub(in crate::http) async fn unknown_method() -> Answer {
    Answer::new(Ruling::Gateway(&check::METHOD_KNOWN, gateway::UNKNOWN_METHOD, None))
}

/// Answers when the simulator panics; the panic itself is logged by the process's hook.
pub(in crate::http) fn panicked(_panic: Box<dyn Any + Send>) -> Response<Body> {
    Answer::new(Ruling::Fault).into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::Router;
    use axum::body::Body;
    use axum::http::Request;
    use axum::routing::get;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use crate::domain::world::World;
    use crate::fixture::Library;
    use crate::http::{App, ControlSettings};
    use crate::simulator::{JournalLimits, Simulator};

    async fn fault() -> &'static str {
        panic!("on purpose")
    }

    #[tokio::test]
    async fn a_fault_is_the_documented_error_and_the_server_goes_on() {
        let limits = JournalLimits::new(10, 1_000_000);
        let simulator = Arc::new(Simulator::new("test".into(), &World::default(), limits));
        let app = Arc::new(App { simulator, library: Library::builtin(), control: ControlSettings::default() });
        let router = crate::http::behind_the_door(Router::new().route("/fault", get(fault)), &app);
        for _ in 0..2 {
            let request = Request::get("/fault").body(Body::empty()).expect("a request");
            let response = router.clone().oneshot(request).await.expect("the router never fails");
            assert_eq!(response.status(), 500);
            assert_eq!(response.headers()["content-type"], "application/json;charset=UTF-8");
            assert_eq!(response.headers()["x-request-id"].len(), 32);
            let body = response.into_body().collect().await.expect("a body").to_bytes();
            assert_eq!(body, r#"{"error_code":"CBC.0999","error_msg":"Other errors."}"#);
        }
    }
}
