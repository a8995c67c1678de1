//! The certificate authority of a simulator that has to make its own certificates. It is made at the start, and gone at the
//! end: its key is never written anywhere.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType, SerialNumber, date_time_ymd,
};
use rustls::crypto::ring::sign::any_ecdsa_type;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SigningKey};
use uuid::Uuid;

use crate::simulator::machine_time;

/// What every client of this machine may call it.
const LOCALHOST: &str = "localhost";

/// How long certificates are valid. Some clients take none that is for more than 825 days.
const VALIDITY: Duration = Duration::from_secs(820 * 24 * 60 * 60);

/// For how long they have been, because clocks differ.
const SKEW: Duration = Duration::from_secs(24 * 60 * 60);

/// How many names are kept in mind. A simulator has few, but its clients can make up any.
const MOST_NAMES: usize = 256;

/// Makes certificates as clients ask for them.
#[derive(Debug)]
pub(super) struct Authority {
    ca: Ca,
    /// For whoever calls the server by its address, or by the name that needs no name server.
    local: Arc<CertifiedKey>,
    named: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl Authority {
    /// One whose server listens at these addresses.
    pub(super) fn new(addresses: impl Iterator<Item = IpAddr>) -> Self {
        let ca = Ca::new();
        let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()];
        let addresses: BTreeSet<_> = loopback.into_iter().chain(addresses).collect();
        let names = addresses.into_iter().map(SanType::IpAddress).chain(dns_name(LOCALHOST)).collect();
        let local = ca.sign(names).expect("addresses fit a certificate");
        Self { ca, local, named: Mutex::default() }
    }

    /// The CA's certificate, as PEM.
    pub(super) fn pem(&self) -> String {
        self.ca.issuer.pem()
    }

    /// The certificate for this name, if there can be one.
    fn named(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let mut named = self.named.lock().expect("nothing panics while it holds the names");
        if let Some(known) = named.get(name) {
            return Some(Arc::clone(known));
        }
        let new = self.ca.sign(dns_name(name).into_iter().collect())?;
        // Nobody really has so many, and to make one again costs little.
        if named.len() >= MOST_NAMES {
            named.clear();
        }
        named.insert(name.to_owned(), Arc::clone(&new));
        Some(new)
    }
}

impl ResolvesServerCert for Authority {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        match hello.server_name() {
            None | Some(LOCALHOST) => Some(Arc::clone(&self.local)),
            Some(name) => self.named(name),
        }
    }
}

/// What signs, and the one key that all the certificates are for.
#[derive(Debug)]
struct Ca {
    issuer: CertifiedIssuer<'static, KeyPair>,
    key: KeyPair,
    signing_key: Arc<dyn SigningKey>,
}

impl Ca {
    fn new() -> Self {
        let generate = || KeyPair::generate().expect("the system has random numbers");
        let mut params = params("bss-sim CA: for tests, and only as long as the simulator runs");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = CertifiedIssuer::self_signed(params, generate()).expect("the CA's certificate can be made");
        let key = generate();
        let signing_key = any_ecdsa_type(&PrivatePkcs8KeyDer::from(key.serialized_der()).into());
        Self { issuer, key, signing_key: signing_key.expect("the key is what it was made as") }
    }

    /// A certificate for these names.
    fn sign(&self, names: Vec<SanType>) -> Option<Arc<CertifiedKey>> {
        let mut params = params("bss-sim");
        params.subject_alt_names = names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&self.key, &self.issuer).ok()?;
        Some(CertifiedKey::new(vec![certificate.into()], Arc::clone(&self.signing_key)).into())
    }
}

/// What all certificates have.
fn params(name: &str) -> CertificateParams {
    let now = u64::try_from(machine_time().as_second()).unwrap_or_default();
    let now = date_time_ymd(1970, 1, 1) + Duration::from_secs(now);
    let mut params = CertificateParams::default();
    (params.not_before, params.not_after) = (now - SKEW, now - SKEW + VALIDITY);
    // Clients remember who signed which number.
    params.serial_number = Some(SerialNumber::from_slice(Uuid::new_v4().as_bytes()));
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn dns_name(name: &str) -> Option<SanType> {
    Some(SanType::DnsName(name.try_into().ok()?))
}
