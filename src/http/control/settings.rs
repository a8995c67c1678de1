//! Who may steer, and what it may see.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::error::ControlError;
use crate::domain::credentials::Secret;
use crate::http::App;

/// The settings of the control API.
#[derive(Clone, Debug, Default)]
pub struct ControlSettings {
    /// What every call but the health checks and that for the CA has to show; absent: nothing.
    pub token: Option<Secret>,
    /// Names and certificate numbers are shown in the journal.
    pub show_personal_data: bool,
    /// The certificate of the CA that clients have to trust, as PEM; absent when it is none of the simulator's.
    pub ca: Option<Arc<str>>,
}

/// Lets through who shows the token, if there is one.
pub(super) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    match &app.control.token {
        Some(token) if !shown.is_some_and(|shown| token.matches(shown)) => ControlError::unauthorized().into_response(),
        _ => next.run(request).await,
    }
}

/// Gives every answer a request ID, as the API's have one.
pub(super) async fn give_request_id(mut response: Response) -> Response {
    let id = Uuid::new_v4().simple().to_string();
    let id = HeaderValue::from_str(&id).expect("hex digits fit a header");
    response.headers_mut().insert("x-request-id", id);
    response
}
