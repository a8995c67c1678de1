//! Answers in pieces: what a stream of HTTP/2 is given of its answer at a time. Whoever takes in nothing of one piece gets
//! no other, so that little of an answer waits where nobody can see it, in the buffers of HTTP/2.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

use super::streams::Stream;

/// The most bytes of a piece: a frame's, unless the client allows more.
const PIECE: usize = 16 * 1024;

/// The body of an answer. When hyper has all of it, the stream is over.
pub(super) struct Pieces {
    body: Body,
    /// What is left of the body's last chunk.
    rest: Bytes,
    stream: Stream,
}

impl Pieces {
    pub(super) const fn new(body: Body, stream: Stream) -> Self {
        Self { body, rest: Bytes::new(), stream }
    }
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        // Whoever comes for more has taken in what there was.
        self.stream.watch.stall(false);
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)).transpose()?.map(Frame::into_data) {
                Some(Ok(chunk)) => self.rest = chunk,
                Some(Err(other)) => return Poll::Ready(Some(Ok(other))),
                None => return Poll::Ready(None),
            }
        }
        let length = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(length);
        self.stream.watch.stall(true);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, hint) = (self.rest.len() as u64, self.body.size_hint());
        let mut whole = SizeHint::new();
        whole.set_lower(hint.lower() + rest);
        if let Some(upper) = hint.upper() {
            whole.set_upper(upper + rest);
        }
        whole
    }
}
