//! Sockets and what passes through them: each notes on the pulse of its connection how far it is, and a scripted fault can
//! break it, for which HTTP itself has no words.

use std::convert::Infallible;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::http::{Request, Response};
use hyper::body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tower::Service;

use super::gateway::Broken;
use super::pulse::Pulse;

/// A connection's socket. It ends in a reset when it was told to.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    pulse: Arc<Pulse>,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, pulse: Arc<Pulse>) -> Self {
        Self { stream, pulse }
    }

    fn note(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Pending => self.pulse.blocked(),
            Poll::Ready(_) => self.pulse.sent(),
        }
        written
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.pulse.is_reset() {
            // Closing a socket that does not linger is what sends a reset. Failing, it is closed all the same.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.pulse.received();
        }
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note(written)
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
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// A service, for the requests of one connection.
#[derive(Clone, Debug)]
pub(super) struct Answering<S> {
    service: S,
    pulse: Arc<Pulse>,
}

impl<S> Answering<S> {
    pub(super) fn new(service: S, pulse: Arc<Pulse>) -> Self {
        Self { service, pulse }
    }
}

impl<S, A, B> hyper::service::Service<Request<A>> for Answering<S>
where
    S: Service<Request<Arriving<A>>, Response = Response<B>, Error = Infallible> + Clone,
{
    type Response = Response<Leaving<B>>;
    type Error = Broken;
    type Future = AnsweringFuture<S::Future>;

    fn call(&self, request: Request<A>) -> Self::Future {
        self.pulse.request_begins();
        let under_way = UnderWay(Arc::clone(&self.pulse));
        let request = request.map(|body| Arriving { body, pulse: Arc::clone(&self.pulse) });
        AnsweringFuture { response: self.service.clone().call(request), under_way: Some(under_way) }
    }
}

/// A request that was begun, until it is dropped.
#[derive(Debug)]
struct UnderWay(Arc<Pulse>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.request_ends();
    }
}

pin_project! {
    /// The response, or what makes the server give the connection up instead.
    pub(super) struct AnsweringFuture<F> {
        #[pin]
        response: F,
        under_way: Option<UnderWay>,
    }
}

impl<F, B> Future for AnsweringFuture<F>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
{
    type Output = Result<Response<Leaving<B>>, Broken>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(response) = ready!(this.response.poll(cx));
        let under_way = this.under_way.take();
        match response.extensions().get::<Broken>() {
            None => Poll::Ready(Ok(response.map(|body| Leaving { body, under_way }))),
            Some(broken) => {
                if let (Broken::Reset, Some(UnderWay(pulse))) = (broken, &under_way) {
                    pulse.reset();
                }
                Poll::Ready(Err(*broken))
            }
        }
    }
}

pin_project! {
    /// A request's body on its way in.
    #[derive(Debug)]
    pub struct Arriving<B> {
        #[pin]
        body: B,
        pulse: Arc<Pulse>,
    }
}

impl<B: Body> Body for Arriving<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = this.body.poll_frame(cx);
        this.pulse.waits_for_body(frame.is_pending());
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

pin_project! {
    /// A response's body on its way out: as long as it is there, the request is under way.
    #[derive(Debug)]
    pub(super) struct Leaving<B> {
        #[pin]
        body: B,
        under_way: Option<UnderWay>,
    }
}

impl<B: Body> Body for Leaving<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
