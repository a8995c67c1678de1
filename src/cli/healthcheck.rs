//! `bss-sim healthcheck`: for containers without a shell.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::uri::Scheme;
use axum::http::{Request, Uri, header};
use clap::Args;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::CommandError;
use super::tls::TlsFlags;
use super::unverified;
use crate::fixture::parse_span;

/// How long one try may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long to rest between two tries.
const REST: Duration = Duration::from_millis(20);

/// What `--help` adds.
pub(super) const HELP: &str = "\
Example:
  # beside a simulator that is still starting
  bss-sim healthcheck --wait 10s";

/// Whom to ask, and for how long.
#[derive(Debug, Args)]
pub(super) struct Healthcheck {
    /// The simulator's URL; without this flag it is where `--listen` says.
    #[arg(long, env = "BSS_SIM_URL")]
    url: Option<Uri>,

    /// Where the simulator listens.
    #[arg(long, env = "BSS_SIM_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,

    /// Where its control API listens, if elsewhere.
    #[arg(long, env = "BSS_SIM_CONTROL_LISTEN")]
    control_listen: Option<SocketAddr>,

    /// Try again for this long: 10s, 1m.
    #[arg(long, value_name = "SPAN", value_parser = parse_span, default_value = "0s")]
    wait: Duration,

    #[command(flatten, next_help_heading = "Whether it speaks HTTPS, as for `serve`")]
    tls: TlsFlags,
}

impl Healthcheck {
    pub(super) fn run(self) -> Result<(), CommandError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (is_https, authority) = (self.is_https(), self.authority());
        let scheme = if is_https { "https" } else { "http" };
        runtime.block_on(async {
            let started = Instant::now();
            loop {
                let problem = match tokio::time::timeout(PATIENCE, ask(is_https, &authority)).await {
                    Ok(Ok(200)) => return Ok(()),
                    Ok(Ok(status)) => format!("it answers {status}"),
                    Ok(Err(error)) => error.to_string(),
                    Err(_) => "it does not answer".to_owned(),
                };
                if started.elapsed() >= self.wait {
                    let advice = "--url says where it is, and --wait 10s waits for it";
                    let told = format!("{scheme}://{authority} is not ready: {problem}; {advice}");
                    return Err(CommandError::CheckFailed(told));
                }
                tokio::time::sleep(REST).await;
            }
        })
    }

    fn is_https(&self) -> bool {
        self.url.as_ref().map_or_else(|| self.tls.is_https(), |url| url.scheme() == Some(&Scheme::HTTPS))
    }

    fn authority(&self) -> String {
        let Some(url) = &self.url else {
            let address = self.control_listen.unwrap_or(self.listen);
            let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
            return SocketAddr::new(ip, address.port()).to_string();
        };
        let port = url.port_u16().unwrap_or(if self.is_https() { 443 } else { 80 });
        format!("{}:{port}", url.host().unwrap_or("127.0.0.1"))
    }
}

/// Asks once; the status of the answer.
async fn ask(is_https: bool, authority: &str) -> Result<u16, Box<dyn std::error::Error>> {
    let stream = TcpStream::connect(authority).await?;
    if is_https {
        ask_over(unverified::wrap(stream).await?, authority).await
    } else {
        ask_over(stream, authority).await
    }
}

async fn ask_over<I>(stream: I, authority: &str) -> Result<u16, Box<dyn std::error::Error>>
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::get("/_sim/readyz").header(header::HOST, authority).body(Body::empty())?;
    Ok(sender.send_request(request).await?.status().as_u16())
}
