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
use tokio::time::{Instant, sleep};

use crate::http::limits::Limits;

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
    /// For the client to read.
    Blocked,
}

/// The state of a connection. Its task and those of its streams write it.
#[derive(Debug, Default)]
pub struct ConnectionState {
    is_http2: AtomicBool,
    is_head_begun: AtomicBool,
    /// How many requests have come whose responses have not been sent whole.
    active_requests: AtomicUsize,
    is_write_blocked: AtomicBool,
    is_reset: AtomicBool,
    /// How often the phase has begun or ended. As long as this stays the same, it is the same phase.
    changes: AtomicUsize,
}

impl ConnectionState {
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

    pub fn phase(&self) -> Phase {
        if self.is_write_blocked.load(Relaxed) {
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
                let time = match self.phase() {
                    Phase::Idle => limits.idle,
                    Phase::Head => limits.head,
                    Phase::Request => FOREVER,
                    Phase::Blocked => limits.answer,
                };
                timer.as_mut().reset(Instant::now() + time);
            }
            ready!(timer.as_mut().poll(cx));
            Poll::Ready(self.phase())
        })
        .await
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
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
