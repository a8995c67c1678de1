//! Clients of HTTPS, and certificates.

use std::io;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Process, in_time};

/// The name that [`certificate`] is for.
pub(crate) const NAME: &str = "bss.example";

/// A client of HTTPS.
#[derive(Clone)]
pub(crate) struct TlsClient {
    /// The CA that it trusts. `None` if it accepts every certificate.
    pub(crate) ca: Option<String>,
    pub(crate) versions: &'static [&'static SupportedProtocolVersion],
    /// The protocols that it offers by ALPN.
    pub(crate) protocols: &'static [&'static str],
}

impl TlsClient {
    /// A client that accepts every certificate.
    pub(crate) const fn of(protocols: &'static [&'static str]) -> Self {
        Self { ca: None, versions: rustls::ALL_VERSIONS, protocols }
    }

    /// A client that trusts this CA.
    pub(crate) fn trusting(ca: &str) -> Self {
        Self { ca: Some(ca.to_owned()), ..Self::of(&[]) }
    }

    /// Connects to a simulator by this name.
    pub(crate) async fn connect(&self, process: &Process, name: &str) -> io::Result<TlsStream<TcpStream>> {
        let builder = ClientConfig::builder_with_provider(ring::default_provider().into());
        let builder = builder.with_protocol_versions(self.versions).expect("the provider has them");
        let mut config = if let Some(ca) = &self.ca {
            let mut roots = RootCertStore::empty();
            let ca = CertificateDer::from_pem_slice(ca.as_bytes()).expect("a certificate");
            roots.add(ca).expect("it is one of a CA");
            builder.with_root_certificates(roots).with_no_client_auth()
        } else {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(NoVerifier)).with_no_client_auth()
        };
        config.alpn_protocols = self.protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(process.address()).await.expect("it listens");
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        in_time(TlsConnector::from(Arc::new(config)).connect(name, stream)).await
    }
}

/// A certificate for [`NAME`] with its key, and the CA that signed it.
pub(crate) fn certificate() -> (String, String, String) {
    let mut ca = CertificateParams::new([]).expect("the parameters are valid");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().expect("a key")).expect("a CA");
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new([NAME.to_owned()]).expect("a name").signed_by(&key, &ca).expect("signed");
    (certificate.pem(), key.serialize_pem(), ca.pem())
}

/// Accepts every certificate.
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
