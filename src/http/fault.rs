//! Delivery: delays answers and injects faults, after the request was decided and recorded.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use axum::http::{Response, StatusCode};
use futures_util::stream::unfold;
use http_body_util::{BodyExt, Collected};

use crate::domain::Fault;
use crate::simulator::{Outcome, ScriptUse};

/// The answer that is cut short if the script has none.
const COMPLETE: &[u8] = br#"{"is_review":1}"#;

/// How an answer is delivered that is not simply sent.
#[derive(Clone, Copy, Debug)]
pub struct Delivery {
    pub delay: Duration,
    pub fault: Option<Fault>,
}

/// What the server does to the connection instead of sending the response. An extension of the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection ends without an answer, as scripted")]
pub enum AbortConnection {
    /// TCP's RST.
    Reset,
    Close,
    /// The server waits as long as the client does, and closes the connection.
    Hang,
}

impl Delivery {
    /// The delivery of an outcome. `None` if its answer is simply sent.
    pub fn of(outcome: &Outcome, script: Option<ScriptUse>) -> Option<Self> {
        let delay = script.map_or(Duration::ZERO, |script| script.delay);
        let fault = outcome.fault();
        (fault.is_some() || !delay.is_zero()).then_some(Self { delay, fault })
    }

    pub async fn deliver(self, mut response: Response<Body>) -> Response<Body> {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        match self.fault {
            None => {}
            Some(Fault::Empty) => {
                *response.status_mut() = StatusCode::OK;
                response.headers_mut().remove(CONTENT_TYPE);
                *response.body_mut() = Body::empty();
            }
            Some(Fault::Hang) => {
                response.extensions_mut().insert(AbortConnection::Hang);
            }
            Some(Fault::Reset) => {
                response.extensions_mut().insert(AbortConnection::Reset);
            }
            Some(Fault::Close) => {
                response.extensions_mut().insert(AbortConnection::Close);
            }
            Some(Fault::Malformed) => {
                let body = std::mem::take(response.body_mut()).collect().await;
                let body = body.map(Collected::to_bytes).unwrap_or_default();
                let complete = if body.is_empty() { Bytes::from_static(COMPLETE) } else { body };
                let headers = response.headers_mut();
                headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json;charset=UTF-8"));
                headers.insert(CONTENT_LENGTH, complete.len().into());
                *response.body_mut() = cut_body(complete.slice(..complete.len() / 2));
            }
        }
        response
    }
}

/// A body that ends in an error after its beginning was sent.
fn cut_body(beginning: Bytes) -> Body {
    Body::from_stream(unfold(Some(beginning), |beginning| async move {
        if let Some(beginning) = beginning {
            return Some((Ok(beginning), None));
        }
        // The server gets to send the beginning before the error ends the connection.
        tokio::task::yield_now().await;
        Some((Err(io::Error::other("the body is cut short, as scripted")), None))
    }))
}
