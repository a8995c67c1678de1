//! Clients of HTTPS, for the tests of TLS and of HTTP/2.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme, SupportedProtocolVersion};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::process::Simulator;
use crate::service::INDIVIDUAL;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A simulator of HTTPS that makes its own certificates.
#[track_caller]
pub(crate) fn secured(options: &[&str]) -> Simulator {
    Simulator::start(&[&["--tls", "self-signed"], options].concat())
}

/// How a client connects.
#[derive(Clone)]
pub(crate) struct Client {
    /// The CA that it trusts; without one it trusts anybody.
    pub(crate) ca: Option<String>,
    pub(crate) versions: &'static [&'static SupportedProtocolVersion],
    /// What it can speak.
    pub(crate) protocols: &'static [&'static str],
}

impl Client {
    /// One that trusts anybody.
    pub(crate) const fn of(protocols: &'static [&'static str]) -> Self {
        Self { ca: None, versions: rustls::ALL_VERSIONS, protocols }
    }

    /// Connects to whoever has this name.
    pub(crate) async fn connect(&self, simulator: &Simulator, name: &str) -> std::io::Result<TlsStream<TcpStream>> {
        let builder = ClientConfig::builder_with_provider(ring::default_provider().into());
        let builder = builder.with_protocol_versions(self.versions).expect("the provider has them");
        let mut config = if let Some(ca) = &self.ca {
            let mut roots = RootCertStore::empty();
            let ca = CertificateDer::from_pem_slice(ca.as_bytes()).expect("a certificate");
            roots.add(ca).expect("it is one of a CA");
            builder.with_root_certificates(roots).with_no_client_auth()
        } else {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody)).with_no_client_auth()
        };
        config.alpn_protocols = self.protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(simulator.authority()).await.expect("it listens");
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        timeout(PATIENCE, TlsConnector::from(Arc::new(config)).connect(name, stream)).await.expect("an answer in time")
    }
}

/// A connection of HTTP/2.
#[derive(Clone)]
pub(crate) struct Multiplexed(SendRequest<Body>);

/// What came back on a stream.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn assert(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.body.as_str()), (status, body), "{self:?}");
    }
}

impl Multiplexed {
    pub(crate) async fn to(simulator: &Simulator) -> Self {
        Self::built(simulator, &Builder::new(TokioExecutor::new())).await
    }

    /// By a client with other settings.
    pub(crate) async fn built(simulator: &Simulator, builder: &Builder<TokioExecutor>) -> Self {
        let stream = Client::of(&["h2"]).connect(simulator, "localhost").await.expect("it speaks TLS");
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.expect("it speaks HTTP/2");
        tokio::spawn(connection);
        Self(sender)
    }

    /// Waits until the connection has ended.
    pub(crate) async fn end(mut self) {
        let end = async {
            while self.0.ready().await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, end).await.expect("it ends");
    }

    /// Sends a request, and waits for the head of its answer.
    pub(crate) async fn open<B: Into<Body>>(&self, request: Request<B>) -> hyper::Result<Response<Incoming>> {
        let response = self.0.clone().send_request(request.map(Into::into));
        timeout(PATIENCE, response).await.expect("an answer in time")
    }

    /// Sends a request, and waits for its whole answer.
    pub(crate) async fn send<B: Into<Body>>(&self, request: Request<B>) -> hyper::Result<Answer> {
        let (parts, body) = self.open(request).await?.into_parts();
        let body = timeout(PATIENCE, body.collect()).await.expect("all of it in time")?.to_bytes();
        let body = String::from_utf8(body.to_vec()).expect("every body is text");
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
    }

    /// Makes a control call.
    pub(crate) async fn control(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = Request::builder().method(method).uri(format!("https://localhost/_sim{path}"));
        self.send(request.body(body.to_string()).expect("a request")).await.expect("an answer")
    }

    /// Posts an application with the token of the default scenario.
    pub(crate) async fn apply(&self, body: &str) -> hyper::Result<Answer> {
        self.send(application(body)).await
    }
}

/// An application to the default scenario.
pub(crate) fn application(body: &str) -> Request<String> {
    let request = Request::post(format!("https://localhost{INDIVIDUAL}")).header("content-type", "application/json");
    request.header("x-auth-token", "demo-token").body(body.to_owned()).expect("a request")
}

/// Takes everybody for whom they say they are.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
