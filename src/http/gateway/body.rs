//! Reading a request body, up to the gateway's limit.

use std::pin::pin;

use axum::body::HttpBody;
use axum::http::HeaderMap;
use axum::http::header::EXPECT;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use crate::domain::checks;
use crate::domain::checks::MAX_BODY_BYTES;
use crate::domain::gateway::{self, GatewayError};
use crate::http::answer::ApiAnswer;
use crate::simulator::Outcome;

/// How much of a body that is too long is still taken in before the refusal. A client that is cut off while
/// it sends may never see its answer.
const MAX_DISCARDED_BYTES: usize = 64 * 1024 * 1024;

/// Reads the whole body.
///
/// # Errors
/// The gateway's answer when it is too long, or when the client stopped in the middle.
pub(in crate::http) async fn read<B>(headers: &HeaderMap, body: B) -> Result<Bytes, Box<ApiAnswer>>
where
    B: HttpBody<Data = Bytes>,
{
    let mut body = pin!(body);
    // A client that asks first gets its refusal at once, and never sends the body.
    if body.size_hint().lower() > MAX_BODY_BYTES as u64 && headers.contains_key(EXPECT) {
        return Err(refused(gateway::BODY_TOO_LARGE));
    }
    let mut whole = Bytes::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(chunk) = frame.map_err(|_| refused(gateway::BAD_REQUEST))?.into_data() else { continue };
        length += chunk.len();
        if length > MAX_DISCARDED_BYTES {
            break;
        }
        whole = match length {
            0..=MAX_BODY_BYTES => joined(whole, chunk),
            _ => Bytes::new(),
        };
    }
    if length > MAX_BODY_BYTES { Err(refused(gateway::BODY_TOO_LARGE)) } else { Ok(whole) }
}

/// Most bodies come in one chunk, which is then not copied. What was joined before grows in its place.
fn joined(whole: Bytes, chunk: Bytes) -> Bytes {
    if whole.is_empty() {
        return chunk;
    }
    let mut whole = BytesMut::from(whole);
    whole.extend_from_slice(&chunk);
    whole.freeze()
}

fn refused(error: &'static GatewayError) -> Box<ApiAnswer> {
    ApiAnswer::new(Outcome::Gateway(&checks::BODY_SIZE, error, None)).into()
}
