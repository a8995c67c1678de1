//! The bodies of an exchange, which tell the watch how they get on, and take turns when they are long.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

use super::watch::{Phase, Watch};

/// How much of a body is taken in without a turn.
const SHORT: usize = 64 * 1024;

/// The turns of long bodies. Every client may begin one, so that without them the memory of the process would be theirs.
static TURNS: Semaphore = Semaphore::const_new(32);

/// The body of a request.
pub struct RequestBody<B> {
    body: B,
    taken_in: usize,
    turn: Turn,
    watch: Arc<Watch>,
}

/// Whether a body may be taken in.
enum Turn {
    NotNeeded,
    Awaited(Pin<Box<dyn Future<Output = Result<SemaphorePermit<'static>, AcquireError>> + Send>>),
    Mine(#[expect(dead_code, reason = "it is given back when it is dropped")] SemaphorePermit<'static>),
}

/// The body took longer than it may.
#[derive(Debug)]
struct Overdue;

impl fmt::Display for Overdue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body did not come in time")
    }
}

impl std::error::Error for Overdue {}

impl<B: HttpBody<Data = Bytes> + Unpin> RequestBody<B> {
    pub(super) const fn new(body: B, watch: Arc<Watch>) -> Self {
        Self { body, taken_in: 0, turn: Turn::NotNeeded, watch }
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            self.turn = match &mut self.turn {
                Turn::NotNeeded if self.taken_in > SHORT => Turn::Awaited(Box::pin(TURNS.acquire())),
                Turn::NotNeeded | Turn::Mine(_) => return Poll::Ready(()),
                Turn::Awaited(turn) => Turn::Mine(ready!(turn.as_mut().poll(cx)).expect("turns are never closed")),
            };
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        ready!(self.poll_turn(cx));
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            self.taken_in += frame.data_ref().map_or(0, Bytes::len);
        }
        Poll::Ready(frame)
    }
}

impl<B> HttpBody for RequestBody<B>
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Unpin,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.poll(cx) {
            Poll::Ready(frame) => Poll::Ready(frame.map(|frame| frame.map_err(Into::into))),
            Poll::Pending if self.watch.wait_for_body(cx) => Poll::Ready(Some(Err(Overdue.into()))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for RequestBody<B> {
    fn drop(&mut self) {
        self.watch.end_body();
    }
}

/// The body of an answer. When hyper has all of it, the exchange is over.
pub(super) struct Answered {
    body: Body,
    watch: Arc<Watch>,
}

impl Answered {
    pub(super) const fn new(body: Body, watch: Arc<Watch>) -> Self {
        Self { body, watch }
    }
}

impl HttpBody for Answered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answered {
    fn drop(&mut self) {
        self.watch.enter(Phase::Idle);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::task::{Context, Poll, Waker};

    use axum::body::{Body, Bytes};
    use futures_util::stream::repeat;

    use super::{RequestBody, SHORT, TURNS};
    use crate::http::server::watch::{Phase, Watch};

    /// An endless body.
    fn request() -> RequestBody<Body> {
        let chunk = Bytes::from(vec![0; SHORT / 2]);
        RequestBody::new(Body::from_stream(repeat(Ok::<_, Infallible>(chunk))), Arc::new(Watch::default()))
    }

    /// How many chunks of it can be had at once, of so many.
    fn chunks(body: &mut RequestBody<Body>, most: usize) -> usize {
        (0..most)
            .take_while(|_| matches!(body.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Some(Ok(_)))))
            .count()
    }

    #[test]
    fn long_bodies_take_turns_and_short_ones_need_none() {
        let mut held: Vec<_> = (0..TURNS.available_permits()).map(|_| request()).collect();
        assert!(held.iter_mut().all(|body| chunks(body, 10) == 10));
        let mut next = request();
        // Two chunks are not too long, and the third is what shows that there is more.
        assert_eq!(chunks(&mut next, 10), 3);
        assert_eq!(chunks(&mut next, 10), 0, "nobody has ended");
        assert_eq!(chunks(&mut request(), 2), 2);
        held.pop();
        assert_eq!(chunks(&mut next, 10), 10);
        drop((held, next));
        assert_eq!(TURNS.available_permits(), 32);
    }

    #[test]
    fn a_body_is_over_when_nobody_reads_it() {
        let body = request();
        let watch = Arc::clone(&body.watch);
        assert!(!watch.wait_for_body(&Context::from_waker(Waker::noop())));
        assert_eq!(watch.sight().phase(), Phase::Body);
        drop(body);
        assert_eq!(watch.sight().phase(), Phase::Serving);
    }
}
