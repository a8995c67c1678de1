//! Delivery: delays answers and injects faults, after the request was decided and recorded.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Response;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use futures_util::stream::unfold;

use crate::domain::{Answer, Fault};
use crate::simulator::Outcome;

/// The complete answer that a malformed one is the beginning of, and where it is cut.
const COMPLETE: &str = r#"{"is_review":1}"#;
const CUT_AT: usize = 7;

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
    pub fn of(outcome: &Outcome) -> Option<Self> {
        let delay = outcome.delay();
        let fault = if let Some(Answer::Fault(fault)) = outcome.answer() { Some(fault) } else { None };
        (fault.is_some() || !delay.is_zero()).then_some(Self { delay, fault })
    }

    pub async fn deliver(self, mut response: Response<Body>) -> Response<Body> {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        match self.fault {
            None | Some(Fault::Empty) => {}
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
