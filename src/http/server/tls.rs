//! TLS: what a connection may be wrapped in, and what is spoken inside of it.

use std::convert::Infallible;
use std::fmt;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::{Arc, RwLock};

use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;
use tower::Service;

use super::authority::Authority;
use super::bodies::RequestBody;
use super::socket::Socket;
use super::streams::Streams;
use super::watch::Phase;
use super::{exchange, multiplex};

const HTTP_2: &[u8] = b"h2";
const HTTP_1: &[u8] = b"http/1.1";

/// What makes a server one of HTTPS. Clones have the same certificates.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    ca: Option<Arc<str>>,
    given: Option<Arc<ReloadableCertificate>>,
}

/// The certificate that was given last.
#[derive(Debug)]
struct ReloadableCertificate(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for ReloadableCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().expect("nothing panics while it holds the certificate")))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("ca", &self.ca).finish_non_exhaustive()
    }
}

impl Tls {
    /// With a certificate, the chain that leads to it, and its key.
    ///
    /// # Errors
    /// When they are not what they should be, or do not belong together.
    pub fn given(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, rustls::Error> {
        let given = Arc::new(ReloadableCertificate(RwLock::new(certified(chain, key)?)));
        Ok(Self { acceptor: acceptor(Arc::clone(&given)), ca: None, given: Some(given) })
    }

    /// Another certificate instead of the one given, for connections from now on. Where none was given nothing changes.
    ///
    /// # Errors
    /// As of [`Tls::given`]; then the certificate stays.
    pub fn renew(&self, chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<(), rustls::Error> {
        let certified = certified(chain, key)?;
        if let Some(ReloadableCertificate(given)) = self.given.as_deref() {
            *given.write().expect("nothing panics while it holds the certificate") = certified;
        }
        Ok(())
    }

    /// With certificates that are made as they are needed, by a CA that is made now and whose key is in memory alone.
    #[must_use]
    pub fn self_signed(addresses: impl Iterator<Item = IpAddr>) -> Self {
        let authority = Authority::new(addresses);
        let ca = Some(authority.pem().into());
        Self { acceptor: acceptor(Arc::new(authority)), ca, given: None }
    }

    /// The certificate of the CA that clients have to trust, as PEM; absent when the certificates were given.
    #[must_use]
    pub fn ca(&self) -> Option<Arc<str>> {
        self.ca.clone()
    }

    /// Serves a connection in what its client and this agree on. As long as they do not, the connection waits for a request,
    /// or has begun one that is not whole.
    pub(super) async fn serve<S>(self, socket: Socket, streams: Arc<Streams>, service: S)
    where
        S: Service<
                Request<RequestBody<Incoming>>,
                Response = Response<Body>,
                Error = Infallible,
                Future: Send + 'static,
            > + Clone
            + Send
            + Sync,
    {
        let watch = Arc::clone(&socket.watch);
        match self.acceptor.accept(socket).await {
            Ok(stream) if stream.get_ref().1.alpn_protocol() == Some(HTTP_2) => {
                watch.enter(Phase::Quiet);
                multiplex::serve(stream, watch, streams, service).await;
            }
            Ok(stream) => {
                watch.enter(Phase::Idle);
                exchange::serve(stream, watch, service).await;
            }
            // Whoever only looks whether somebody listens has done so.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {}
            Err(error) => {
                tracing::info!(%error, "no TLS with a client: does it call https, and trust the certificate?");
            }
        }
    }
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<CertifiedKey>, rustls::Error> {
    CertifiedKey::from_der(chain, key, &ring::default_provider()).map(Arc::new)
}

/// The provider is named, so that no other one need be installed for the process, and none is by this.
fn acceptor(certificates: Arc<impl ResolvesServerCert + 'static>) -> TlsAcceptor {
    let mut config = rustls::ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("the provider has the ciphers of the default versions")
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![HTTP_2.into(), HTTP_1.into()];
    TlsAcceptor::from(Arc::new(config))
}
