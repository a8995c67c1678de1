//! Sockets that a scripted fault can break: what HTTP itself has no words for.

use std::future::{Future, Ready, ready};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready as wait};

use axum::http::{Request, Response};
use axum_server::accept::Accept;
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tower::Service;

use super::gateway::Broken;

/// Accepts connections whose service can break them.
#[derive(Clone, Copy, Debug)]
pub(super) struct BreakableAcceptor;

impl<S> Accept<TcpStream, S> for BreakableAcceptor {
    type Stream = Socket;
    type Service = Breaking<S>;
    type Future = Ready<io::Result<(Socket, Breaking<S>)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let is_reset = Arc::new(AtomicBool::new(false));
        let breaking = Breaking { service, is_reset: Arc::clone(&is_reset) };
        ready(stream.set_nodelay(true).map(|()| (Socket { stream, is_reset }, breaking)))
    }
}

/// A connection that ends in a reset when it was told to.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    is_reset: Arc<AtomicBool>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.is_reset.load(Ordering::Relaxed) {
            // Closing a socket that does not linger is what sends a reset. Failing, it is closed all the same.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// A service of one connection, which it breaks instead of sending a response that is marked so.
#[derive(Clone, Debug)]
pub(super) struct Breaking<S> {
    service: S,
    is_reset: Arc<AtomicBool>,
}

impl<S, A, B> Service<Request<A>> for Breaking<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<B>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = BreakingFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.service.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        BreakingFuture { response: self.service.call(request), is_reset: Arc::clone(&self.is_reset) }
    }
}

pin_project! {
    /// The response, or the error that makes the server give the connection up.
    pub(super) struct BreakingFuture<F> {
        #[pin]
        response: F,
        is_reset: Arc<AtomicBool>,
    }
}

impl<F, B, E> Future for BreakingFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Output = Result<Response<B>, Box<dyn std::error::Error + Send + Sync>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = wait!(this.response.poll(cx)).map_err(Into::into)?;
        match response.extensions().get::<Broken>() {
            None => Poll::Ready(Ok(response)),
            Some(broken) => {
                this.is_reset.store(*broken == Broken::Reset, Ordering::Relaxed);
                Poll::Ready(Err(Box::new(*broken)))
            }
        }
    }
}
