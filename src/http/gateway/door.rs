//! The door: every answer passes it on the way out, gets its request id, and leaves one event in the log.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, SERVER};
use axum::http::{HeaderMap, Response, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::IntoResponse;
use serde::Serialize;
use uuid::Uuid;

use crate::domain::check;
use crate::domain::gateway::{self, GatewayError};
use crate::http::answer::{Answer, Ruling};

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Lets a request through, and finishes its answer.
pub(in crate::http) async fn door(request: Request, next: Next) -> Response<Body> {
    let started = Instant::now();
    let request_id = Uuid::new_v4().simple().to_string();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let mut response = match head_error(request.uri(), request.headers()) {
        Some(error) => Answer::new(Ruling::Gateway(&check::HEAD_SIZE, error, None)).into_response(),
        None => next.run(request).await,
    };
    let answer = response.extensions().get::<Arc<Answer>>().cloned();
    if let Some((error, message)) = answer.as_ref().and_then(|answer| answer.gateway_error()) {
        write(&mut response, error, &message, &request_id);
    }
    let headers = response.headers_mut();
    // The framework adds it to every answer for an unknown method.
    headers.remove(ALLOW);
    headers.insert(X_REQUEST_ID.clone(), HeaderValue::from_str(&request_id).expect("hex digits fit a header"));
    if let Some(answer) = answer {
        tracing::info!(
            request.id = %request_id,
            request.method = %method,
            request.path = ?uri.path(),
            response.status = response.status().as_u16(),
            error.code = answer.error_code(),
            decided_by = answer.ruling.decided_by(),
            check = answer.ruling.check(),
            caller = answer.caller.as_deref(),
            micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
    }
    response
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

#[derive(Serialize)]
struct GatewayBody<'a> {
    error_msg: &'a str,
    error_code: &'a str,
    request_id: &'a str,
}

fn write(response: &mut Response<Body>, error: &GatewayError, message: &str, request_id: &str) {
    let body = GatewayBody { error_msg: message, error_code: error.code, request_id };
    *response.status_mut() = StatusCode::from_u16(error.status).expect("the table holds only HTTP statuses");
    *response.body_mut() = serde_json::to_vec(&body).expect("texts are JSON").into();
    let headers = response.headers_mut();
    // The length of the empty body that stood here.
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(SERVER, HeaderValue::from_static("api-gateway"));
    if let Some(seconds) = error.retry_after {
        headers.insert(RETRY_AFTER, u16::from(seconds).into());
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
pub(in crate::http) fn fault(_panic: Box<dyn Any + Send>) -> Response<Body> {
    Answer::new(Ruling::Fault).into_response()
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::http::Request;
    use axum::routing::get;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    async fn fault() -> &'static str {
        panic!("on purpose")
    }

    #[tokio::test]
    async fn a_fault_is_the_documented_error_and_the_server_goes_on() {
        let router = crate::http::behind_the_door(Router::new().route("/fault", get(fault)));
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
