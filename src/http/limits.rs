//! The limits of clients, and the bodies that keep to them: those of requests have to come in time and share memory, those
//! of responses over HTTP/2 have to be read in time.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::{CancellationToken, PollSemaphore};
use tokio_util::task::AbortOnDropHandle;

/// What clients may use. The making of a response has no limit, because it may be scripted to be late.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub connections: usize,
    /// The time for the head of a request, from its first byte on, and for the handshake of TLS.
    pub head: Duration,
    pub body: Duration,
    /// The time within which a client has to read some more of a response.
    pub answer: Duration,
    /// The time between two requests, and before the first one.
    pub idle: Duration,
    /// The time for requests under way when the server is shut down.
    pub grace: Duration,
}

impl Limits {
    /// Limits for the client that is under test: it is not hostile, and may stop in a debugger.
    pub const FOR_TESTS: Self = {
        let hour = Duration::from_secs(60 * 60);
        Self { connections: 1_000, head: hour, body: hour, answer: hour, idle: hour, grace: Duration::from_millis(500) }
    };
}

/// The most bytes of a request body that need no memory reserved.
const SMALL: usize = 64 * 1024;

/// The memory for all request bodies beyond that.
const MEMORY: usize = 128 * 1024 * 1024;

/// How much of it a request body reserves at a time.
const RESERVED: u32 = 256 * 1024;

/// The most bytes of a frame of HTTP/2. Every client has to take that many.
const MAX_FRAME: usize = 16 * 1024;

/// How long a long body may make hardly any progress while others wait for memory.
const STALL: Duration = Duration::from_secs(2);

/// How many bytes of it have to come in that time.
const PROGRESS: usize = 64 * 1024;

/// The memory that the request bodies of a server share.
#[derive(Debug)]
pub struct BodyMemory {
    memory: Arc<Semaphore>,
    /// How many bodies wait for memory.
    waiting: Arc<AtomicUsize>,
    /// One body at a time goes on without memory, so that long bodies do not all wait for each other.
    overdraft: Arc<Semaphore>,
}

impl Default for BodyMemory {
    fn default() -> Self {
        Self {
            memory: Arc::new(Semaphore::new(MEMORY)),
            waiting: Arc::default(),
            overdraft: Arc::new(Semaphore::new(1)),
        }
    }
}

impl BodyMemory {
    /// Limits a request body: it fails when it takes longer than `time`, and waits while there is no memory for it. That does
    /// not count as its time. A body that stalls fails sooner if others wait for its memory.
    pub fn limit<B>(&self, body: B, time: Duration, spare: &SpareTimer) -> Body
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static,
    {
        match body.size_hint().upper() {
            Some(0) => Body::empty(),
            Some(length) if length <= SMALL as u64 => Body::new(TimedBody::new(body, time, spare)),
            _ => Body::new(self.reserve(TimedBody::new(body, time, spare))),
        }
    }

    fn reserve<B>(&self, body: TimedBody<B>) -> ReservingBody<B> {
        let [memory, overdraft] =
            [&self.memory, &self.overdraft].map(|permits| PollSemaphore::new(Arc::clone(permits)));
        let waiting = Waiting { count: Arc::clone(&self.waiting), since: None };
        ReservingBody { body, left: SMALL, memory, overdraft, waiting, permits: Vec::new(), progress: 0, window: None }
    }
}

/// The timer of the last request body of a connection. To move a timer costs a request much less than to start one, which
/// takes a lock and may wake the runtime's driver: that is why this is no `DeadlineBody` of tower-http.
pub type SpareTimer = Arc<Mutex<Option<Pin<Box<Sleep>>>>>;

/// A request body that fails when it takes too long. The time begins when the body has to be waited for.
struct TimedBody<B> {
    body: B,
    time: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    spare: SpareTimer,
}

impl<B> TimedBody<B> {
    fn new(body: B, time: Duration, spare: &SpareTimer) -> Self {
        Self { body, time, timer: None, spare: Arc::clone(spare) }
    }

    /// Gives the body more time.
    fn postpone(&mut self, by: Duration) {
        if let Some(timer) = &mut self.timer {
            let deadline = timer.deadline() + by;
            timer.as_mut().reset(deadline);
        }
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| {
            let spare = self.spare.lock().expect("lock poisoned: timer").take();
            let mut timer = spare.unwrap_or_else(|| Box::pin(sleep(self.time)));
            timer.as_mut().reset(Instant::now() + self.time);
            timer
        });
        timer.as_mut().poll(cx)
    }
}

impl<B> Drop for TimedBody<B> {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.take() {
            *self.spare.lock().expect("lock poisoned: timer") = Some(timer);
        }
    }
}

impl<B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Unpin> HttpBody for TimedBody<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        ready!(self.poll_timer(cx));
        Poll::Ready(Some(Err("the request body took too long".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The time since which a body waits for memory. As long as there is one, the body is counted.
struct Waiting {
    count: Arc<AtomicUsize>,
    since: Option<Instant>,
}

impl Waiting {
    fn begin(&mut self) {
        if self.since.is_none() {
            self.since = Some(Instant::now());
            self.count.fetch_add(1, Relaxed);
        }
    }

    /// Returns how long the body has waited.
    fn end(&mut self) -> Duration {
        let Some(since) = self.since.take() else { return Duration::ZERO };
        self.count.fetch_sub(1, Relaxed);
        since.elapsed()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.end();
    }
}

/// A request body that reserves memory before it goes on.
struct ReservingBody<B> {
    body: TimedBody<B>,
    /// How many bytes may come before more memory is reserved.
    left: usize,
    memory: PollSemaphore,
    overdraft: PollSemaphore,
    waiting: Waiting,
    permits: Vec<OwnedSemaphorePermit>,
    /// How many bytes have come since the window began.
    progress: usize,
    window: Option<Pin<Box<Sleep>>>,
}

impl<B> ReservingBody<B> {
    fn poll_reserve(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (permit, bytes) = match self.memory.poll_acquire_many(cx, RESERVED) {
            Poll::Ready(permit) => (permit, RESERVED as usize),
            Poll::Pending => {
                self.waiting.begin();
                (ready!(self.overdraft.poll_acquire(cx)), usize::MAX)
            }
        };
        let waited = self.waiting.end();
        self.body.postpone(waited);
        self.window = None;
        self.permits.push(permit.expect("the semaphores are never closed"));
        self.left = bytes;
        Poll::Ready(())
    }

    /// Waits until the body has stalled while others wait for its memory.
    fn poll_stall(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let window = self.window.get_or_insert_with(|| Box::pin(sleep(STALL)));
            ready!(window.as_mut().poll(cx));
            if self.progress < PROGRESS && self.waiting.count.load(Relaxed) > 0 {
                return Poll::Ready(());
            }
            (self.progress, self.window) = (0, None);
        }
    }
}

impl<B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Unpin> HttpBody for ReservingBody<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.left == 0 {
            ready!(self.poll_reserve(cx));
        }
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            ready!(self.poll_stall(cx));
            return Poll::Ready(Some(Err("the request body stalled while others waited for memory".into())));
        };
        if let Some(Ok(frame)) = &frame {
            let length = frame.data_ref().map_or(0, Bytes::len);
            self.left = self.left.saturating_sub(length);
            self.progress += length;
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
pub struct FramedBody {
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
    pub const fn new(body: Body, time: Duration, overdue: CancellationToken) -> Self {
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
        let body = Body::from_stream(repeat(Ok::<_, Infallible>(chunk)));
        memory.reserve(TimedBody::new(body, Duration::from_secs(60), &SpareTimer::default()))
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
