//! `bss-sim healthcheck`: for containers without a shell.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, Uri, header};
use clap::Args;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

use super::CommandError;
use super::listen::ListenAddress;
use super::serve::local;
use super::tls::TlsFlags;
use crate::domain::parse_duration;

/// How long one try may take.
const TIMEOUT: Duration = Duration::from_secs(2);

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// What `--help` adds.
pub(super) const HELP: &str = "\
Example:
  # beside a simulator that is still starting
  bss-sim healthcheck --wait 10s";

/// Which simulator to ask, and for how long.
#[derive(Debug, Args)]
pub(super) struct HealthcheckArgs {
    /// The simulator's URL; without this flag it follows from `--listen`.
    #[arg(long, value_parser = parse_url)]
    url: Option<Uri>,

    /// Where the simulator listens.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: ListenAddress,

    /// Where its control API listens, if elsewhere.
    #[arg(long)]
    control_listen: Option<ListenAddress>,

    /// Try again for this long: 10s, 1m.
    #[arg(long, value_name = "SPAN", value_parser = parse_duration, default_value = "0s")]
    wait: Duration,

    #[command(flatten, next_help_heading = "Whether it speaks HTTPS, as for `serve`")]
    tls: TlsFlags,
}

impl HealthcheckArgs {
    pub(super) fn run(self) -> Result<(), CommandError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.poll()).map_err(|problem| {
            let scheme = if self.is_https() { "https" } else { "http" };
            let advice = "--url says where it is, and --wait 10s waits for it";
            CommandError::CheckFailed(format!("{scheme}://{} is not ready: {problem}; {advice}", self.authority()))
        })
    }

    /// Asks until the simulator is ready or the time is over.
    async fn poll(&self) -> Result<(), String> {
        let started = Instant::now();
        loop {
            let problem = match timeout(TIMEOUT, ask(self.is_https(), &self.authority())).await {
                Ok(Ok(200)) => return Ok(()),
                Ok(Ok(status)) => format!("it answers {status}"),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "it does not answer".to_owned(),
            };
            if started.elapsed() >= self.wait {
                return Err(problem);
            }
            sleep(POLL_INTERVAL).await;
        }
    }

    fn is_https(&self) -> bool {
        self.url.as_ref().map_or_else(|| self.tls.is_https(), |url| scheme(url) == HTTPS)
    }

    fn authority(&self) -> String {
        let Some(url) = &self.url else {
            return local(self.control_listen.as_ref().unwrap_or(&self.listen).first()).to_string();
        };
        let port = url.port_u16().unwrap_or(if self.is_https() { 443 } else { 80 });
        format!("{}:{port}", url.host().unwrap_or("127.0.0.1"))
    }
}

const HTTPS: &str = "https";

/// Returns the scheme of a URL. Without one it is HTTP.
fn scheme(url: &Uri) -> String {
    url.scheme_str().unwrap_or("http").to_ascii_lowercase()
}

/// Parses the URL of a simulator: nothing of it may be ignored.
fn parse_url(text: &str) -> Result<Uri, String> {
    let url: Uri = text.parse().map_err(|error| format!("{error}: {WRITE_LIKE}"))?;
    let is_whole = |host: &str| url.port_u16().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let problem = match (&*scheme(&url), url.authority()) {
        (scheme, _) if !["http", HTTPS].contains(&scheme) => "the simulator speaks HTTP and HTTPS",
        (_, Some(authority)) if authority.as_str() != is_whole(authority.host()) => "its host or its port is not valid",
        (_, None) => "it has no host",
        _ if !["", "/"].contains(&url.path()) || url.query().is_some() => {
            "a simulator has no path or query: its readiness is asked for"
        }
        _ => return Ok(url),
    };
    Err(format!("{problem}: {WRITE_LIKE}"))
}

const WRITE_LIKE: &str = "write it like `http://127.0.0.1:8080`";

/// Sends one request, and returns the status of the answer.
async fn ask(is_https: bool, authority: &str) -> Result<u16, Box<dyn Error>> {
    let stream = TcpStream::connect(authority).await?;
    let stream = if is_https { Either::Left(start_tls(stream).await?) } else { Either::Right(stream) };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::get("/_sim/readyz").header(header::HOST, authority).body(Body::empty())?;
    match sender.send_request(request).await {
        Ok(response) => Ok(response.status().as_u16()),
        Err(error) if !is_https && start_tls(TcpStream::connect(authority).await?).await.is_ok() => {
            Err(format!("{error}: it speaks HTTPS: --url https://{authority}").into())
        }
        Err(error) => Err(error.into()),
    }
}

async fn start_tls(stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("the provider has ciphers for the default versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(NoVerifier))
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("`localhost` is a valid name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// Accepts any certificate. The health check sends no secret and reads no more than a status. It could not verify a CA that
/// is in the memory of another process anyway, nor the name in a certificate that was made for other clients.
#[derive(Debug)]
struct NoVerifier;

impl ServerCertVerifier for NoVerifier {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
