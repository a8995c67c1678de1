//! Faults on the way to the client, instead of an answer.

use std::fmt;
use std::future::pending;
use std::io;

use axum::body::Body;
use axum::http::Response;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use bytes::Bytes;
use futures_util::stream::unfold;

use crate::domain::scripted::Fault;

/// The answer that a cut one is the beginning of, and where it is cut.
const WHOLE: &str = r#"{"is_review":1}"#;
const CUT: usize = 7;

/// What the socket has to do instead of sending a response. It is an extension of the response, for the server; without
/// a socket it stays there for whoever looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Broken {
    /// Reset the connection.
    Reset,
    /// Close it.
    Close,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection ends without an answer, as scripted")
    }
}

impl std::error::Error for Broken {}

/// Makes of a response what the fault leaves of it.
pub(in crate::http) async fn strike(fault: Fault, mut response: Response<Body>) -> Response<Body> {
    match fault {
        Fault::Hang => pending().await,
        Fault::Empty => {}
        Fault::Reset => {
            response.extensions_mut().insert(Broken::Reset);
        }
        Fault::Close => {
            response.extensions_mut().insert(Broken::Close);
        }
        Fault::Malformed => {
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8"));
            headers.insert(CONTENT_LENGTH, WHOLE.len().into());
            *response.body_mut() = cut_body();
        }
    }
    response
}

/// A body that ends in an error after its beginning was sent.
fn cut_body() -> Body {
    Body::from_stream(unfold(true, |is_beginning| async move {
        if is_beginning {
            return Some((Ok(Bytes::from_static(&WHOLE.as_bytes()[..CUT])), false));
        }
        // So that the beginning leaves before the connection is given up.
        tokio::task::yield_now().await;
        Some((Err(io::Error::other("the body is cut short, as scripted")), false))
    }))
}
