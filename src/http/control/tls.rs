//! `GET /_sim/tls/ca.pem`: the CA that clients have to trust, where the simulator makes its own certificates. It is public,
//! and whoever has to ask for it over TLS cannot trust it yet.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use super::error::{ControlError, Kind};
use super::operation::{Operation, OperationResponse};
use crate::http::App;
use crate::http::openapi::text;

/// What PEM files are sent as.
const PEM: &str = "application/x-pem-file";

pub(super) const CA: Operation = Operation {
    id: "getCa",
    summary: "The CA that clients have to trust, where the simulator makes its own certificates",
    answers: &[OperationResponse::of(StatusCode::OK, "Its certificate.", PEM, |_| text("A certificate, as PEM."))],
    refuses: &[Kind::NotFound],
    ..Operation::DEFAULT
};

pub(super) async fn ca(State(app): State<Arc<App>>) -> Result<impl IntoResponse, ControlError> {
    let ca = app.control.ca.as_deref().ok_or_else(|| {
        ControlError::not_found("only a server that was started with `--tls self-signed` has a CA of its own")
    })?;
    Ok(([(CONTENT_TYPE, PEM)], ca.to_owned()))
}
