//! The socket of a connection, and what the connection is waiting for, as far as the server can see.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::http::limits::Limits;

/// How long a response may take before the server looks whether its client is still there. That costs a system call.
const WATCH_AFTER: Duration = Duration::from_secs(1);

/// How long a scripted `hang` goes on at most (assumed).
const MAX_HANG: Duration = Duration::from_secs(10 * 60);

/// How long a scripted `hang` goes on for a client that sends nothing any more, and perhaps reads nothing either (assumed).
const HANG_AFTER_HALF_CLOSE: Duration = Duration::from_secs(5);

/// A time that never passes, but that can be added to the present one.
const FOREVER: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);

/// What a connection is waiting for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Phase {
    /// For the first byte of a request.
    Idle,
    /// For the rest of its head, or of the handshake of TLS.
    Head,
    /// For the body of a request, or for a response. Bodies have a limit of their own.
    Request,
    /// For nothing: the client has reset the connection, or is not worth a `hang` any more.
    Gone,
    /// For the client to read.
    Blocked,
}

/// The state of a connection. Its task and those of its streams write it.
#[derive(Debug, Default)]
pub struct ConnectionState {
    shutdown: CancellationToken,
    is_http2: AtomicBool,
    is_head_begun: AtomicBool,
    /// How many requests have come whose responses have not been sent whole.
    active_requests: AtomicUsize,
    is_write_blocked: AtomicBool,
    is_reset: AtomicBool,
    /// Whether to look for the end of the client's side while a response is made.
    is_watched: AtomicBool,
    /// Whether the client has ended its side of the connection in order.
    is_half_closed: AtomicBool,
    is_gone: AtomicBool,
    /// Whether a request is answered by a scripted `hang`.
    is_hanging: AtomicBool,
    /// How often the phase has begun or ended. As long as this stays the same, it is the same phase.
    changes: AtomicUsize,
}

impl ConnectionState {
    /// Returns the state of a connection that ends when `shutdown` is cancelled.
    pub fn new(shutdown: CancellationToken) -> Self {
        Self { shutdown, ..Self::default() }
    }

    /// Begins HTTP after the handshake of TLS.
    #[cfg(feature = "tls")]
    pub fn begin_http(&self, is_http2: bool) {
        self.is_http2.store(is_http2, Relaxed);
        self.is_head_begun.store(false, Relaxed);
        self.changes.fetch_add(1, Relaxed);
    }

    /// Lets the connection end in RST.
    pub fn reset(&self) {
        self.is_reset.store(true, Relaxed);
    }

    /// Waits until the server shuts down, or for the longest time that a `hang` takes. The connection may end before that.
    pub async fn hang(&self) {
        self.is_hanging.store(true, Relaxed);
        self.changes.fetch_add(1, Relaxed);
        let _ = timeout(MAX_HANG, self.shutdown.cancelled()).await;
    }

    pub fn phase(&self) -> Phase {
        if self.is_gone.load(Relaxed) {
            Phase::Gone
        } else if self.is_write_blocked.load(Relaxed) {
            Phase::Blocked
        } else if self.active_requests.load(Relaxed) > 0 {
            Phase::Request
        } else if self.is_head_begun.load(Relaxed) {
            Phase::Head
        } else {
            Phase::Idle
        }
    }

    /// Waits until a phase takes too long, and returns it. Has to be polled whenever the connection was polled.
    pub async fn overdue(&self, limits: &Limits) -> Phase {
        let mut seen = None;
        let mut timer = pin!(sleep(FOREVER));
        poll_fn(|cx| {
            let changes = Some(self.changes.load(Relaxed));
            if changes != seen {
                seen = changes;
                let is_watched = self.is_watched.load(Relaxed);
                let time = match self.phase() {
                    Phase::Idle => limits.idle,
                    Phase::Head => limits.head,
                    Phase::Request if !is_watched => WATCH_AFTER,
                    Phase::Request if self.is_half_closed.load(Relaxed) && self.is_hanging.load(Relaxed) => {
                        HANG_AFTER_HALF_CLOSE
                    }
                    Phase::Request => FOREVER,
                    Phase::Blocked => limits.answer,
                    Phase::Gone => Duration::ZERO,
                };
                timer.as_mut().reset(Instant::now() + time);
            }
            ready!(timer.as_mut().poll(cx));
            match self.phase() {
                Phase::Request if !self.is_watched.swap(true, Relaxed) => {
                    // The socket watches when the connection is polled again.
                    self.changes.fetch_add(1, Relaxed);
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
                Phase::Request => Poll::Ready(Phase::Gone),
                phase => Poll::Ready(phase),
            }
        })
        .await
    }

    /// Notes what a look at the client's side has shown.
    fn watched(&self, peeked: &io::Result<usize>) {
        let end = match peeked {
            // There is more to read: its end cannot be seen.
            Ok(1..) => return,
            Ok(0) => &self.is_half_closed,
            Err(_) => &self.is_gone,
        };
        if !end.swap(true, Relaxed) {
            self.changes.fetch_add(1, Relaxed);
        }
    }

    /// Notes that bytes have come. Those of HTTP/2 need not belong to a request.
    fn receive(&self) {
        if self.active_requests.load(Relaxed) == 0 && !self.is_head_begun.load(Relaxed) && !self.is_http2.load(Relaxed)
        {
            self.is_head_begun.store(true, Relaxed);
            self.changes.fetch_add(1, Relaxed);
        }
    }

    /// Notes whether the client reads.
    fn block(&self, is_blocked: bool) {
        if self.is_write_blocked.load(Relaxed) != is_blocked {
            self.is_write_blocked.store(is_blocked, Relaxed);
            self.changes.fetch_add(1, Relaxed);
        }
    }
}

/// A request whose head has come, until this is dropped with the body of its response.
pub struct ActiveRequest(pub Arc<ConnectionState>);

impl ActiveRequest {
    pub fn begin(state: &Arc<ConnectionState>) -> Self {
        state.is_head_begun.store(false, Relaxed);
        state.active_requests.fetch_add(1, Relaxed);
        state.changes.fetch_add(1, Relaxed);
        Self(Arc::clone(state))
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.active_requests.fetch_sub(1, Relaxed);
        self.0.is_watched.store(false, Relaxed);
        self.0.changes.fetch_add(1, Relaxed);
    }
}

/// A socket that reports to the state of its connection.
pub struct Socket {
    pub stream: TcpStream,
    pub state: Arc<ConnectionState>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.state.is_reset.load(Relaxed) {
            // A socket that does not linger is closed by RST. If this fails, it is closed as usual.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if read.is_ready() {
            self.state.receive();
        }
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.state.block(written.is_pending());
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // HTTP/1 reads nothing while it makes a response, but flushes whenever the connection is polled.
        if self.state.is_watched.load(Relaxed) && !self.state.is_half_closed.load(Relaxed) {
            let mut byte = [0];
            if let Poll::Ready(peeked) = self.stream.poll_peek(cx, &mut ReadBuf::new(&mut byte)) {
                self.state.watched(&peeked);
            }
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
