//! Bodies: those of requests have limits of time and of memory, those of responses over HTTP/2 have to be read in time.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, PollSemaphore};
use tokio_util::task::AbortOnDropHandle;
use tower_http::timeout::DeadlineBody;

/// The most bytes of a request body that need no memory reserved.
const SMALL: usize = 64 * 1024;

/// The memory for all request bodies beyond that.
const MEMORY: usize = 128 * 1024 * 1024;

/// How much of it a request body reserves at a time.
const RESERVED: u32 = 256 * 1024;

/// The most bytes of a frame of HTTP/2. Every client has to take that many.
const MAX_FRAME: usize = 16 * 1024;

/// The memory that the request bodies of a server share.
#[derive(Debug)]
pub(super) struct BodyMemory {
    memory: Arc<Semaphore>,
    /// One body at a time goes on without memory, so that long bodies do not all wait for each other.
    overdraft: Arc<Semaphore>,
}

impl Default for BodyMemory {
    fn default() -> Self {
        Self { memory: Arc::new(Semaphore::new(MEMORY)), overdraft: Arc::new(Semaphore::new(1)) }
    }
}

impl BodyMemory {
    /// Limits a request body: it fails when it takes longer than `time`, and waits while there is no memory for it.
    pub(super) fn limit<B>(&self, body: B, time: Duration) -> Body
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static,
    {
        match body.size_hint().upper() {
            Some(0) => Body::empty(),
            Some(length) if length <= SMALL as u64 => Body::new(DeadlineBody::new(time, body)),
            _ => Body::new(DeadlineBody::new(time, self.reserve(body))),
        }
    }

    fn reserve<B>(&self, body: B) -> ReservingBody<B> {
        let [memory, overdraft] =
            [&self.memory, &self.overdraft].map(|permits| PollSemaphore::new(Arc::clone(permits)));
        ReservingBody { body, left: SMALL, memory, overdraft, permits: Vec::new() }
    }
}

/// A request body that reserves memory before it goes on.
struct ReservingBody<B> {
    body: B,
    /// How many bytes may come before more memory is reserved.
    left: usize,
    memory: PollSemaphore,
    overdraft: PollSemaphore,
    permits: Vec<OwnedSemaphorePermit>,
}

impl<B> ReservingBody<B> {
    fn poll_reserve(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (permit, bytes) = match self.memory.poll_acquire_many(cx, RESERVED) {
            Poll::Ready(permit) => (permit, RESERVED as usize),
            Poll::Pending => (ready!(self.overdraft.poll_acquire(cx)), usize::MAX),
        };
        self.permits.push(permit.expect("the semaphores are never closed"));
        self.left = bytes;
        Poll::Ready(())
    }
}

impl<B: HttpBody<Data = Bytes> + Unpin> HttpBody for ReservingBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if self.left == 0 {
            ready!(self.poll_reserve(cx));
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            self.left = self.left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of a response over HTTP/2. It gives one frame after the other, as the client reads them: what HTTP/2 buffers has
/// no time limit, so it should be little.
pub(super) struct FramedBody {
    body: Body,
    /// The rest of a chunk of the body.
    rest: Bytes,
    time: Duration,
    overdue: CancellationToken,
    /// Cancels the token unless the next frame is asked for in time.
    reader: Option<AbortOnDropHandle<()>>,
}

impl FramedBody {
    /// Cancels `overdue` when a frame is not read within `time`.
    pub(super) const fn new(body: Body, time: Duration, overdue: CancellationToken) -> Self {
        Self { body, rest: Bytes::new(), time, overdue, reader: None }
    }
}

impl HttpBody for FramedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.reader = None;
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)).transpose()?.map(Frame::into_data) {
                Some(Ok(chunk)) => self.rest = chunk,
                Some(Err(trailers)) => return Poll::Ready(Some(Ok(trailers))),
                None => return Poll::Ready(None),
            }
        }
        let length = self.rest.len().min(MAX_FRAME);
        let frame = Frame::data(self.rest.split_to(length));
        if !self.is_end_stream() {
            let (time, overdue) = (self.time, self.overdue.clone());
            self.reader = Some(AbortOnDropHandle::new(tokio::spawn(async move {
                sleep(time).await;
                overdue.cancel();
            })));
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.rest.is_empty() { self.body.size_hint() } else { SizeHint::default() }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::task::Waker;

    use futures_util::stream::repeat;

    use super::*;

    /// An endless body.
    fn endless(memory: &BodyMemory) -> ReservingBody<Body> {
        let chunk = Bytes::from(vec![0; SMALL]);
        memory.reserve(Body::from_stream(repeat(Ok::<_, Infallible>(chunk))))
    }

    /// Reads at most so many bytes, and returns how many could be read without waiting.
    fn read(body: &mut ReservingBody<Body>, most: usize) -> usize {
        let mut length = 0;
        while length < most
            && let Poll::Ready(Some(Ok(frame))) =
                Pin::new(&mut *body).poll_frame(&mut Context::from_waker(Waker::noop()))
        {
            length += frame.into_data().expect("a chunk").len();
        }
        length
    }

    #[test]
    fn long_request_bodies_wait_for_memory_but_one_goes_on() {
        let memory = BodyMemory::default();
        let [mut first, mut second, mut third] = [(); 3].map(|()| endless(&memory));
        assert_eq!(read(&mut first, SMALL + MEMORY), SMALL + MEMORY);
        assert_eq!(read(&mut second, 2 * MEMORY), 2 * MEMORY, "the overdraft");
        assert_eq!(read(&mut third, MEMORY), SMALL, "it waits");
        assert_eq!(read(&mut endless(&BodyMemory::default()), MEMORY), MEMORY, "another server has memory of its own");
        drop(first);
        assert_eq!(read(&mut third, MEMORY), MEMORY - RESERVED as usize, "the second has got a share, too");
        drop((second, third));
        assert_eq!((memory.memory.available_permits(), memory.overdraft.available_permits()), (MEMORY, 1));
    }
}
