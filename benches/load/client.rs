//! The load: keep-alive connections on one thread, each with one request under way. A request costs it one write and one
//! read, so that it takes less time than any server that is measured.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::source::Source;

/// A keep-alive connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    /// What was read of the answer.
    answer: Vec<u8>,
    length: usize,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: vec![0; 16 * 1024], length: 0 })
    }

    /// Sends a request, and reads its answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<&str> {
        let mut sent = 0;
        while sent < request.len() {
            let write = |cx: &mut std::task::Context<'_>| Pin::new(&mut self.stream).poll_write(cx, &request[sent..]);
            sent += std::future::poll_fn(write).await?;
        }
        self.length = 0;
        while !self.is_whole() {
            let mut space = ReadBuf::new(&mut self.answer[self.length..]);
            std::future::poll_fn(|cx| Pin::new(&mut self.stream).poll_read(cx, &mut space)).await?;
            match space.filled().len() {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                read => self.length += read,
            }
        }
        Ok(self.text())
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.answer[..self.length]).unwrap_or("(an answer that is no text)")
    }

    /// True when the answer is as long as it says.
    fn is_whole(&self) -> bool {
        let Some((head, body)) = self.text().split_once("\r\n\r\n") else { return false };
        let mut lines = head.split("\r\n");
        let length = lines.find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        length.is_none_or(|length| body.len() >= length)
    }
}

/// What a load saw.
#[derive(Debug)]
pub(crate) struct Seen {
    /// How long it took.
    pub(crate) took: Duration,
    /// How long each request took, in nanoseconds, the shortest first.
    pub(crate) latencies: Vec<u32>,
}

impl Seen {
    /// How many requests were answered.
    pub(crate) fn requests(&self) -> f64 {
        u32::try_from(self.latencies.len()).map_or(f64::INFINITY, f64::from)
    }

    /// The latency in microseconds that this share of the requests did not exceed.
    pub(crate) fn percentile(&self, share: usize) -> Option<f64> {
        let place = self.latencies.len() * share / 100;
        self.latencies.get(place).map(|nanoseconds| f64::from(*nanoseconds) / 1000.0)
    }
}

/// A load that goes on from the number where the last one stopped.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    address: SocketAddr,
    source: Arc<Source>,
    next: Arc<AtomicU64>,
}

impl Load {
    /// A load on the server at this address.
    pub(crate) fn on(address: SocketAddr, source: Source) -> Self {
        Self { address, source: Arc::new(source), next: Arc::default() }
    }

    /// Asks over so many connections until the time is over or so many requests were made.
    pub(crate) async fn run(&self, connections: usize, time: Duration, requests: u64) -> Result<Seen> {
        let end = self.next.load(Ordering::Relaxed) + requests.min(u64::MAX / 2);
        let end = end.min(self.source.limit.unwrap_or(u64::MAX));
        let began = Instant::now();
        let start = |_| tokio::spawn(self.clone().ask(began.checked_add(time), end));
        let asking: Vec<_> = (0..connections).map(start).collect();
        let mut latencies = Vec::new();
        for asked in asking {
            latencies.extend(asked.await.expect("asking does not panic")?);
        }
        let took = began.elapsed();
        latencies.sort_unstable();
        Ok(Seen { took, latencies })
    }

    /// Asks over one connection. Any answer that is not the expected one ends everything.
    async fn ask(self, deadline: Option<Instant>, end: u64) -> Result<Vec<u32>> {
        let Self { address, source, next } = self;
        let mut connection = Connection::open(address).await?;
        let mut request = source.first();
        let [begin, finish] = source.answer;
        let mut latencies = Vec::new();
        while deadline.is_none_or(|deadline| Instant::now() < deadline) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= end {
                break;
            }
            source.write(number, &mut request);
            let sent = Instant::now();
            let answer = connection.exchange(&request).await?;
            if !(answer.starts_with(begin) && answer.ends_with(finish)) {
                return Err(Error::other(format!("request {number} got an unexpected answer: {answer}")));
            }
            latencies.push(u32::try_from(sent.elapsed().as_nanos()).unwrap_or(u32::MAX));
        }
        Ok(latencies)
    }
}
