//! The flags for HTTPS.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rustls::Error::{InconsistentKeys, InvalidCertificate};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::fixture::{ReadError, read_file};
use crate::http::Tls;

/// The most bytes of a file: more than any chain of certificates has.
const MAX_BYTES: u64 = 1024 * 1024;

/// Where the certificate of a server comes from.
#[derive(Clone, Debug, Args)]
pub(super) struct TlsFlags {
    /// Serve HTTPS with the certificate in this PEM file.
    ///
    /// HTTP/1.1 and HTTP/2, as clients choose. Intermediate certificates may follow it in the file. After a renewal, SIGHUP
    /// reads both files again.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The certificate's private key, a PEM file too.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Serve HTTPS without files, with a CA that is made at the start.
    ///
    /// The CA is in memory only, and clients have to trust it: GET /_sim/tls/ca.pem. It signs for localhost, for loopback and
    /// --listen, and for any host name that a client asks for.
    #[arg(long, value_name = "HOW", conflicts_with_all = ["tls_cert", "tls_key"])]
    tls: Option<TlsMode>,
}

/// HTTPS without files.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum TlsMode {
    SelfSigned,
}

/// Why the files of the TLS flags cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    #[error("{0}: {1}")]
    Unreadable(PathBuf, ReadError),
    #[error("{0}: is not a PEM file: {1}")]
    Malformed(PathBuf, pem::Error),
    #[error("{0}: has no certificate: a PEM file has one after `-----BEGIN CERTIFICATE-----`")]
    NoCertificate(PathBuf),
    #[error(
        "{0}: has no private key: a PEM file has one after `-----BEGIN PRIVATE KEY-----`, and not an encrypted one"
    )]
    NoKey(PathBuf),
    #[error("{0}: its first certificate cannot be used: {1}")]
    BadCertificate(PathBuf, rustls::Error),
    #[error("{0}: its private key cannot be used: {1}")]
    BadKey(PathBuf, rustls::Error),
    #[error("{1}: is not the key of the first certificate in {0}")]
    Mismatch(PathBuf, PathBuf),
}

impl TlsFlags {
    pub(super) const fn is_https(&self) -> bool {
        self.tls.is_some() || self.tls_cert.is_some()
    }

    /// Returns the TLS settings of servers at these addresses. `None` for plain HTTP.
    pub(super) fn load(&self, addresses: impl Iterator<Item = SocketAddr>) -> Result<Option<Tls>, TlsError> {
        match (self.tls, &self.tls_cert, &self.tls_key) {
            (Some(TlsMode::SelfSigned), ..) => Ok(Some(Tls::self_signed(addresses.map(|address| address.ip())))),
            (None, Some(certificate), Some(key)) => from_files(certificate, key, Tls::new).map(Some),
            (None, ..) => Ok(None),
        }
    }

    /// Reads the files again, and returns false if there are none. If they are invalid, the certificate stays as it was.
    pub(super) fn reload(&self, tls: &Tls) -> Result<bool, TlsError> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                from_files(certificate, key, |chain, key| tls.reload(chain, key).map(|()| true))
            }
            _ => Ok(false),
        }
    }
}

/// Reads the files, and calls `make` with the certificate chain and the key.
fn from_files<T>(
    certificate: &Path,
    key: &Path,
    make: impl FnOnce(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) -> Result<T, rustls::Error>,
) -> Result<T, TlsError> {
    let chain = read(certificate)?;
    let chain = CertificateDer::pem_slice_iter(&chain).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| TlsError::Malformed(certificate.into(), error))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(certificate.into()));
    }
    let private = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsError::NoKey(key.into()),
        error => TlsError::Malformed(key.into(), error),
    })?;
    make(chain, private).map_err(|error| match error {
        InconsistentKeys(_) => TlsError::Mismatch(certificate.into(), key.into()),
        InvalidCertificate(_) => TlsError::BadCertificate(certificate.into(), error),
        error => TlsError::BadKey(key.into(), error),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    read_file(path, MAX_BYTES).map_err(|error| TlsError::Unreadable(path.into(), error))
}
