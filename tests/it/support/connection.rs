//! A raw connection: what is sent byte by byte, and what comes back.

use std::io;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Version};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::{ALIVE, INDIVIDUAL, Process, Reply, in_time};

/// A connection over which bytes are sent as they are.
pub(crate) struct Connection<S = TcpStream>(BufReader<S>);

impl Connection {
    /// Connects to a simulator.
    pub(crate) async fn to(process: &Process) -> Self {
        Self::to_address(process.address()).await
    }

    pub(crate) async fn to_address(address: &str) -> Self {
        Self::over(TcpStream::connect(address).await.expect("the simulator listens"))
    }

    /// Connects so many times, and sends this on each connection.
    pub(crate) async fn crowd(process: &Process, size: usize, sent: &str) -> Vec<Self> {
        let mut crowd = Vec::new();
        for _ in 0..size {
            let mut connection = Self::to(process).await;
            connection.send(sent).await;
            crowd.push(connection);
        }
        crowd
    }

    /// Asserts that the connection stays open and that nothing comes while something else goes on.
    pub(crate) async fn assert_silent_during<T>(&self, other: impl Future<Output = T>) -> T {
        let mut byte = [0];
        tokio::select! {
            biased;
            came = self.0.get_ref().peek(&mut byte) => panic!("the connection is not silent: {came:?}"),
            output = other => output,
        }
    }

    /// True if the simulator has reset the connection.
    pub(crate) fn is_reset(&self) -> bool {
        self.0.get_ref().take_error().expect("a socket can be asked").is_some()
    }

    /// Resets the connection.
    pub(crate) fn reset(self) {
        self.0.into_inner().set_zero_linger().expect("the connection is open");
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Uses a stream that is connected already.
    pub(crate) fn over(stream: S) -> Self {
        Self(BufReader::new(stream))
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).await.expect("the simulator takes in all that is sent");
    }

    /// Sends bytes as far as they are taken in.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        in_time(async {
            self.0.write_all(bytes.as_ref()).await?;
            self.0.flush().await
        })
        .await
    }

    /// Says that nothing more will be sent.
    pub(crate) async fn end_sending(&mut self) {
        self.0.shutdown().await.expect("the connection is open");
    }

    /// Reads a line. `None` at the end.
    pub(crate) async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        in_time(self.0.read_line(&mut line)).await.expect("the simulator sends text");
        line.ends_with('\n').then(|| line.trim_end().to_owned())
    }

    /// Reads the head of an answer, whose body does not follow.
    pub(crate) async fn head(&mut self) -> Reply {
        let line = self.line().await.expect("a status line");
        let (version, rest) = line.split_once(' ').expect("a status line");
        let version = if version == "HTTP/1.0" { Version::HTTP_10 } else { Version::HTTP_11 };
        let status = rest[..3].parse().expect("a status");
        let mut headers = HeaderMap::new();
        while let Some((name, value)) = self.line().await.expect("a whole head").split_once(": ") {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a header's name");
            headers.append(name, HeaderValue::from_str(value).expect("a header's value"));
        }
        Reply::new(version, status, headers, String::new(), None)
    }

    /// Reads the next entry of `/_sim/journal/stream`. `None` at the end.
    pub(crate) async fn event(&mut self) -> Option<Value> {
        loop {
            if let Some(data) = self.line().await?.strip_prefix("data: ") {
                return Some(serde_json::from_str(data).expect("an entry is JSON"));
            }
        }
    }

    /// Reads an answer.
    pub(crate) async fn reply(&mut self) -> Reply {
        let mut reply = self.head().await;
        let length = reply.header("content-length").and_then(|length| length.parse().ok()).expect("a length");
        let mut body = vec![0; length];
        in_time(self.0.read_exact(&mut body)).await.expect("the whole body follows");
        reply.body = String::from_utf8(body).expect("a body is text");
        reply
    }

    /// Reads to the end, however the connection ends. Returns what came, and the error if it was no proper end.
    pub(crate) async fn rest(mut self) -> (Vec<u8>, io::Result<()>) {
        let mut came = Vec::new();
        let end = in_time(self.0.read_to_end(&mut came)).await;
        (came, end.map(drop))
    }

    /// Reads to the end, which may be a reset. Returns what came.
    pub(crate) async fn rest_as_text(self) -> String {
        String::from_utf8(self.rest().await.0).expect("the simulator sends text")
    }

    /// Asserts that nothing more comes, and that the simulator closes the connection.
    pub(crate) async fn assert_closed(self) {
        let (came, end) = self.rest().await;
        assert_eq!((&*String::from_utf8_lossy(&came), end.map_err(|error| error.kind())), ("", Ok(())));
    }

    /// Asserts that the simulator answers on this connection.
    pub(crate) async fn assert_alive(&mut self) {
        self.send("GET /_sim/livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        self.reply().await.assert(200, ALIVE);
    }
}

/// The head of a request of the API to the scenario `default`, with this framing of its body.
pub(crate) fn head(framing: &str) -> String {
    let headers = "host: localhost\r\ncontent-type: application/json\r\nx-auth-token: demo-token";
    format!("POST {INDIVIDUAL} HTTP/1.1\r\n{headers}\r\n{framing}\r\n\r\n")
}

/// A request of the API to the scenario `default`, with this body.
pub(crate) fn raw_post(body: &str) -> String {
    head(&format!("content-length: {}", body.len())) + body
}

/// A body in chunks of 64 KiB.
pub(crate) fn chunked(body: &str) -> Vec<u8> {
    let mut chunks = Vec::new();
    for chunk in body.as_bytes().chunks(64 * 1024) {
        chunks.extend([format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
    }
    chunks.extend(b"0\r\n\r\n");
    chunks
}
