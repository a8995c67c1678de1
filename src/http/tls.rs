//! TLS: the certificate of the server, given and reloaded or issued by a certificate authority of its own.

use std::collections::BTreeSet;
use std::fmt;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType, SerialNumber, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::crypto::ring::sign::any_ecdsa_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SigningKey};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use uuid::Uuid;

use crate::simulator::machine_time;

pub const HTTP_2: &[u8] = b"h2";
const HTTP_1: &[u8] = b"http/1.1";

/// A name that every client on this machine may use.
const LOCALHOST: &str = "localhost";

/// The lifetime of issued certificates. Some clients refuse more than 825 days.
const VALIDITY: Duration = Duration::from_secs(820 * 24 * 60 * 60);

/// How long ago an issued certificate became valid, because clocks differ.
const SKEW: Duration = Duration::from_secs(24 * 60 * 60);

/// What a server needs for HTTPS. Clones share their certificates.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    ca: Option<Arc<str>>,
    given: Option<Arc<ReloadableCertificate>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("ca", &self.ca).finish_non_exhaustive()
    }
}

impl Tls {
    /// Uses a certificate, with the chain that leads to it, and its key. They must belong together.
    pub fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, rustls::Error> {
        let certificate = CertifiedKey::from_der(chain, key, &ring::default_provider())?;
        let given = Arc::new(ReloadableCertificate(RwLock::new(certificate.into())));
        Ok(Self { acceptor: acceptor(Arc::clone(&given)), ca: None, given: Some(given) })
    }

    /// Uses certificates that a new certificate authority issues as clients ask for them. Its key is kept in memory only.
    pub fn self_signed(addresses: impl Iterator<Item = IpAddr>) -> Self {
        let issuer = SelfSigned::new(addresses);
        let ca = Some(issuer.issuer.pem().into());
        Self { acceptor: acceptor(Arc::new(issuer)), ca, given: None }
    }

    /// Replaces the given certificate for new connections; after an error it stays, and so do issued certificates.
    pub fn reload(
        &self,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<(), rustls::Error> {
        let certificate = CertifiedKey::from_der(chain, key, &ring::default_provider())?;
        if let Some(given) = &self.given {
            *given.0.write().expect("lock poisoned: certificate") = certificate.into();
        }
        Ok(())
    }

    /// Returns the certificate of the authority, as PEM, or `None` if the certificate was given.
    pub fn ca(&self) -> Option<Arc<str>> {
        self.ca.clone()
    }

    /// Returns the stream of a client, or `None` if the handshake fails.
    pub async fn accept<I: AsyncRead + AsyncWrite + Unpin>(&self, io: I) -> Option<TlsStream<I>> {
        let accepted = self.acceptor.accept(io).await;
        if let Err(error) = &accepted
            // A client that only looks whether the port is open.
            && error.kind() != ErrorKind::UnexpectedEof
        {
            tracing::info!(%error, "no TLS with a client: does it call https, and trust the certificate?");
        }
        accepted.ok()
    }
}

/// Names the provider of cryptography, so that the process needs no default one and gets none.
fn acceptor(certificates: Arc<impl ResolvesServerCert + 'static>) -> TlsAcceptor {
    let mut config = rustls::ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("the provider has the ciphers of the default versions")
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![HTTP_2.into(), HTTP_1.into()];
    TlsAcceptor::from(Arc::new(config))
}

#[derive(Debug)]
struct ReloadableCertificate(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for ReloadableCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().expect("lock poisoned: certificate")))
    }
}

/// A certificate authority that issues a certificate for each connection, for the name that its client asks for. To sign
/// one costs as much as the handshake itself signs, so that none has to be kept.
#[derive(Debug)]
struct SelfSigned {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// The key of all issued certificates.
    key: KeyPair,
    signing_key: Arc<dyn SigningKey>,
    /// The server's addresses and `localhost`.
    local: Vec<SanType>,
}

impl SelfSigned {
    /// `addresses` are those that the server listens on.
    fn new(addresses: impl Iterator<Item = IpAddr>) -> Self {
        let generate = || KeyPair::generate().expect("the system has random numbers");
        let mut params = params("bss-sim CA: for tests, and only as long as the simulator runs");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = CertifiedIssuer::self_signed(params, generate()).expect("the parameters of the CA are valid");
        let key = generate();
        let signing_key = any_ecdsa_type(&PrivatePkcs8KeyDer::from(key.serialized_der()).into());
        let signing_key = signing_key.expect("generated keys are ECDSA keys");
        let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()];
        let addresses: BTreeSet<_> = loopback.into_iter().chain(addresses).collect();
        let local = addresses.into_iter().map(SanType::IpAddress).chain(dns_name(LOCALHOST)).collect();
        Self { issuer, key, signing_key, local }
    }
}

impl ResolvesServerCert for SelfSigned {
    /// Returns `None` if the name does not fit a certificate.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let mut params = params("bss-sim");
        params.subject_alt_names = match hello.server_name() {
            None | Some(LOCALHOST) => self.local.clone(),
            Some(name) => vec![dns_name(name)?],
        };
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&self.key, &self.issuer).ok()?;
        Some(CertifiedKey::new(vec![certificate.into()], Arc::clone(&self.signing_key)).into())
    }
}

/// Returns what all certificates have in common.
fn params(name: &str) -> CertificateParams {
    let now = u64::try_from(machine_time().as_second()).unwrap_or_default();
    let now = date_time_ymd(1970, 1, 1) + Duration::from_secs(now);
    let mut params = CertificateParams::default();
    (params.not_before, params.not_after) = (now - SKEW, now - SKEW + VALIDITY);
    // Clients remember which issuer has used a serial number.
    params.serial_number = Some(SerialNumber::from_slice(Uuid::new_v4().as_bytes()));
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn dns_name(name: &str) -> Option<SanType> {
    Some(SanType::DnsName(name.try_into().ok()?))
}
