//! The head of a request: what is too much of it, and what the journal keeps of it.

use axum::http::HeaderName;
use axum::http::request::Parts;

use crate::domain::gateway::{self, GatewayError};
use crate::simulator::RecordedRequest;

/// The headers whose values are credentials, and are kept nowhere.
const SECRET_HEADERS: [&str; 4] = ["authorization", "cookie", "x-auth-token", "x-security-token"];

/// What is kept instead.
const MASK: &str = "***";

/// The most bytes of a target, and of one header (the gateway's "32 K").
const MAX_PIECE_BYTES: usize = 32 * 1024;

/// The most bytes of all headers together (the gateway's "128 K").
const MAX_HEADERS_BYTES: usize = 128 * 1024;

/// The sizes of a request's head, in bytes.
pub(in crate::http) struct HeadSize {
    target: usize,
    largest_header: usize,
    headers: usize,
}

impl HeadSize {
    pub(in crate::http) fn of(head: &Parts) -> Self {
        let target = target(head).len();
        let sizes = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
        let (largest_header, headers) = sizes.fold((0, 0), |(largest, sum), size| (size.max(largest), sum + size));
        Self { target, largest_header, headers }
    }

    /// What the gateway says when something is too large.
    pub(in crate::http) fn error(&self) -> Option<&'static GatewayError> {
        if self.target > MAX_PIECE_BYTES {
            Some(gateway::TARGET_TOO_LARGE)
        } else if self.largest_header > MAX_PIECE_BYTES || self.headers > MAX_HEADERS_BYTES {
            Some(gateway::HEADERS_TOO_LARGE)
        } else {
            None
        }
    }

    /// What the journal keeps of the request, with room for a body of so many bytes.
    pub(in crate::http) fn request(&self, head: &Parts, body: u64) -> RecordedRequest {
        let separators = head.headers.len() * ": \n".len();
        // A token may have thousands of characters, which would be room for nothing.
        let secrets = head.headers.iter().filter(|(name, _)| is_secret(name));
        let secrets: usize = secrets.map(|(_, value)| value.len().saturating_sub(MASK.len())).sum();
        let body = usize::try_from(body).unwrap_or(usize::MAX).min(MAX_PIECE_BYTES);
        let expected = self.headers - secrets + separators + body;
        let mut request = RecordedRequest::new(head.method.as_str(), target(head), expected);
        for (name, value) in &head.headers {
            if is_secret(name) {
                request.header(name.as_str(), MASK);
            } else {
                request.header(name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
            }
        }
        request
    }
}

fn is_secret(name: &HeaderName) -> bool {
    SECRET_HEADERS.contains(&name.as_str())
}

fn target(head: &Parts) -> &str {
    head.uri.path_and_query().map_or("", |target| target.as_str())
}
