"""The official SDK over HTTPS, with its verification of certificates on."""

import datetime
import ipaddress

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from huaweicloudsdkcore.auth.credentials import GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import ConnectionException

from partner import TIMEOUT
from test_signed import KEY, SigningPartner
from test_token import APPLICATION


@pytest.fixture
def url(serve):
    return serve("--tls", "self-signed")


@pytest.fixture
def ca(url, tmp_path):
    """The simulator's CA in a file, fetched as by `curl -k`."""
    with pytest.warns(Warning, match="Unverified HTTPS request"):
        response = requests.get(f"{url}/_sim/tls/ca.pem", timeout=TIMEOUT, verify=False)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/x-pem-file")
    path = tmp_path / "ca.pem"
    path.write_bytes(response.content)
    return path


def test_the_ca_is_all_that_a_client_needs(url, ca):
    partner = SigningPartner(GlobalCredentials(*KEY), url, ca=ca)
    assert partner.apply(**APPLICATION).is_review == 1


def test_the_simulator_may_be_called_by_its_name(url, ca):
    partner = SigningPartner(GlobalCredentials(*KEY), url.replace("127.0.0.1", "localhost"), ca=ca)
    assert partner.apply(**APPLICATION).is_review == 1


def test_without_the_ca_the_sdk_sends_nothing(url, ca):
    partner = SigningPartner(GlobalCredentials(*KEY), url)
    with pytest.raises(ConnectionException, match="CERTIFICATE_VERIFY_FAILED"):
        partner.apply(**APPLICATION)
    journal = requests.get(f"{url}/_sim/journal", timeout=TIMEOUT, verify=ca).json()
    assert journal["entries"] == []


def test_certificates_from_files_are_verified(serve, tmp_path):
    ca, certificate, key = write_certificates(tmp_path)
    url = serve("--tls-cert", certificate, "--tls-key", key)
    partner = SigningPartner(GlobalCredentials(*KEY), url, ca=ca)
    assert partner.apply(**APPLICATION).is_review == 1
    stranger = SigningPartner(GlobalCredentials(*KEY), url.replace("127.0.0.1", "localhost"), ca=ca)
    with pytest.raises(ConnectionException, match="CERTIFICATE_VERIFY_FAILED"):
        stranger.apply(**APPLICATION)


def write_certificates(directory):
    """A CA, and what it signs for the loopback address by way of an intermediate one, in files."""
    root_key, root = certify("root", ca=True)
    between_key, between = certify("between", root_key, root, ca=True)
    key, leaf = certify("leaf", between_key, between)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    contents = {
        "root.pem": root.public_bytes(pem),
        "chain.pem": leaf.public_bytes(pem) + between.public_bytes(pem),
        "key.pem": private,
    }
    for name, content in contents.items():
        (directory / name).write_bytes(content)
    return [directory / name for name in contents]


def certify(name, issuer_key=None, issuer=None, ca=False):
    """A key with its certificate, self-signed unless another signs it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    issuer_key = issuer_key or key
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return key, builder.add_extension(authority, critical=False).sign(issuer_key, hashes.SHA256())
