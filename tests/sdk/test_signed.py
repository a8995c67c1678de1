"""What the official SDK sends when it calls with keys, and what it makes of the answers."""

import hashlib
import re

import pytest
from huaweicloudsdkbssintl.v2 import ApplyIndividualRealnameAuthsReq, BssintlClient, CreatePersonalRealnameAuthRequest
from huaweicloudsdkbssintl.v2.region.bssintl_region import BssintlRegion
from huaweicloudsdkcore.auth.credentials import GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, SdkException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.http.http_handler import HttpHandler
from huaweicloudsdkcore.signer.algorithm import SigningAlgorithm

from partner import INDIVIDUAL, TIMEOUT
from test_token import APPLICATION, REQUEST_ID, assert_exception, assert_gateway_error

ACCOUNT_ID = "5f8a1c0e9d3b47a2b6c4d1e0f2a39b71"
REGION = "ap-southeast-1"
SECURITY_TOKEN = "gQpjbi1ub3J0aC00/+=="
UNAUTHENTICATED = "Incorrect IAM authentication information: "
KEY = ("DEMOAK0001", "demo-secret")

# The SDK remembers the account of a key for as long as the process lives: each test that lets it ask has its own key.
FIXTURE = """
name: signed
partners:
  - id: 5f8a1c0e9d3b47a2b6c4d1e0f2a39b71
    name: demo-partner
    xaccount_type: "***_IDP"
    credentials:
      access_keys:
        - { ak: DEMOAK0001, sk: demo-secret }
        - { ak: REGIONAK0001, sk: demo-secret }
        - { ak: REGIONAK0002, sk: demo-secret }
        - { ak: TEMPAK0001, sk: temporary-secret, security_token: gQpjbi1ub3J0aC00/+== }
customers:
  - { id: customer-new, partner: demo-partner }
  - { id: customer-own, partner: demo-partner, credentials: { access_keys: [{ ak: OWNAK0001, sk: own-secret }] } }
certificates:
  - { number: E88888888, holder: 王小明 }
"""


@pytest.fixture
def url(serve, tmp_path):
    fixture = tmp_path / "signed.yaml"
    fixture.write_text(FIXTURE, encoding="utf-8")
    return serve("--fixtures", fixture)


@pytest.fixture
def region(url, monkeypatch):
    """A region whose endpoints are the simulator's, as the environment gives it to an unchanged SDK."""
    monkeypatch.setenv("HUAWEICLOUD_SDK_REGION_BSSINTL_AP_SOUTHEAST_1", url)
    monkeypatch.setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", url)
    return BssintlRegion.value_of(REGION)


class SigningPartner:
    """A caller with keys."""

    def __init__(self, credentials, endpoint=None, region=None, algorithm=SigningAlgorithm.get_default(), ca=None):
        # All answers as they came over the wire, each with its request; also those to what the SDK asks by itself.
        self.wires = []
        config = HttpConfig(timeout=TIMEOUT, signing_algorithm=algorithm, ssl_ca_cert=ca and str(ca))
        builder = BssintlClient.new_builder().with_http_config(config).with_credentials(credentials)
        builder = builder.with_http_handler(HttpHandler().add_response_handler(self._keep))
        builder = builder.with_region(region) if region else builder.with_endpoint(endpoint)
        self.client = builder.build()

    def _keep(self, response, **_):
        self.wires.append(response)

    def apply(self, **fields):
        request = CreatePersonalRealnameAuthRequest(ApplyIndividualRealnameAuthsReq(**fields))
        return self.client.create_personal_realname_auth(request)

    @property
    def paths(self):
        """What was asked, in order."""
        return [f"{wire.request.method} {wire.request.path_url}" for wire in self.wires]

    def refused(self, **fields):
        """The exception that an application ends in, which has to show all that is in the answer."""
        with pytest.raises(ClientRequestException) as caught:
            self.apply(**fields)
        assert_exception(caught.value, self.wires[-1])
        return caught.value


def canonical_request(request):
    """The canonical request of what was sent, as the gateway prints it: `|` stands for a line feed."""
    names = re.search("SignedHeaders=([^,]+)", request.headers["Authorization"]).group(1)
    headers = [f"{name}:{request.headers[name]}" for name in names.split(";")]
    payload = hashlib.sha256(request.body or b"").hexdigest()
    return "|".join([request.method, request.path_url + "/", "", *headers, "", names, payload])


def test_an_endpoint_is_enough(url):
    partner = SigningPartner(GlobalCredentials(*KEY), url)
    response = partner.apply(**APPLICATION)
    assert (response.status_code, response.is_review) == (200, 1)
    assert partner.paths == [f"POST {INDIVIDUAL}"]
    sent = partner.wires[0].request.headers
    assert sent["Authorization"].startswith("SDK-HMAC-SHA256 Access=DEMOAK0001, ")
    assert "X-Domain-Id" not in sent
    assert "X-Auth-Token" not in sent


def test_a_known_account_id_is_sent_along(url):
    partner = SigningPartner(GlobalCredentials(*KEY, ACCOUNT_ID), url)
    assert partner.apply(**APPLICATION).is_review == 1
    sent = partner.wires[0].request.headers
    assert sent["X-Domain-Id"] == ACCOUNT_ID
    assert "x-domain-id" in sent["Authorization"]


def test_with_a_region_the_sdk_asks_for_the_account_id_first(region):
    credentials = GlobalCredentials("REGIONAK0001", "demo-secret")
    partner = SigningPartner(credentials, region=region)
    assert partner.paths == ["GET /v3/auth/domains"]
    assert credentials.domain_id == ACCOUNT_ID
    assert partner.apply(**APPLICATION).is_review == 1
    assert partner.paths == ["GET /v3/auth/domains", f"POST {INDIVIDUAL}"]
    assert partner.wires[1].request.headers["X-Domain-Id"] == ACCOUNT_ID


def test_with_a_region_a_wrong_secret_ends_in_an_exception_at_once(region):
    with pytest.raises(SdkException) as caught:
        SigningPartner(GlobalCredentials("REGIONAK0002", "wrong-secret"), region=region)
    message = str(caught.value)
    assert "Failed to get domain id, ClientRequestException - {status_code:401,request_id:" in message
    assert f"error_code:APIGW.0301,error_msg:{UNAUTHENTICATED}verify aksk signature fail, canonicalRequest:GET|" in message


def test_a_temporary_key_is_sent_with_its_security_token(url):
    credentials = GlobalCredentials("TEMPAK0001", "temporary-secret").with_security_token(SECURITY_TOKEN)
    partner = SigningPartner(credentials, url)
    assert partner.apply(**APPLICATION).is_review == 1
    assert partner.wires[0].request.headers["X-Security-Token"] == SECURITY_TOKEN


@pytest.mark.parametrize("token", [None, "another"])
def test_a_temporary_key_is_refused_without_its_security_token(url, token):
    credentials = GlobalCredentials("TEMPAK0001", "temporary-secret").with_security_token(token)
    partner = SigningPartner(credentials, url)
    partner.refused(**APPLICATION)
    assert_gateway_error(partner.wires[0], 401, "APIGW.0301", UNAUTHENTICATED + "verify security token fail")


@pytest.mark.parametrize(
    "algorithm, name",
    [
        (SigningAlgorithm.HMAC_SM3, "SDK-HMAC-SM3"),
        (SigningAlgorithm.ECDSA_P256_SHA256, "SDK-ECDSA-P256-SHA256"),
        (SigningAlgorithm.SM2_SM3, "SDK-SM2-SM3"),
    ],
)
def test_every_algorithm_is_verified(url, algorithm, name):
    partner = SigningPartner(GlobalCredentials(*KEY, ACCOUNT_ID), url, algorithm=algorithm)
    assert partner.apply(**APPLICATION).is_review == 1
    assert partner.wires[0].request.headers["Authorization"].startswith(f"{name} ")

    forger = SigningPartner(GlobalCredentials(KEY[0], "wrong-secret"), url, algorithm=algorithm)
    assert "verify aksk signature fail" in forger.refused(**APPLICATION).error_msg


def test_a_wrong_secret_is_refused_with_the_canonical_request(url):
    partner = SigningPartner(GlobalCredentials(KEY[0], "wrong-secret", ACCOUNT_ID), url)
    error = partner.refused(**APPLICATION)
    assert (error.status_code, error.error_code) == (401, "APIGW.0301")
    assert REQUEST_ID.fullmatch(error.request_id)
    canonical = canonical_request(partner.wires[0].request)
    message = f"{UNAUTHENTICATED}verify aksk signature fail, canonicalRequest:{canonical}"
    assert error.error_msg == message
    assert_gateway_error(partner.wires[0], 401, "APIGW.0301", message)


def test_an_unknown_key_is_refused(url):
    partner = SigningPartner(GlobalCredentials("NOSUCHAK", "any-secret"), url)
    partner.refused(**APPLICATION)
    message = f"{UNAUTHENTICATED}Get secretKey failed,ak:NOSUCHAK,err:ak not exist"
    assert_gateway_error(partner.wires[0], 401, "APIGW.0301", message)


def test_a_customer_is_refused_with_its_own_key(url):
    partner = SigningPartner(GlobalCredentials("OWNAK0001", "own-secret"), url)
    error = partner.refused(**APPLICATION)
    assert (error.status_code, error.error_code, error.error_msg) == (403, "CBC.0151", "Access denied.")


def test_a_name_with_wide_characters_arrives_as_it_was_meant(url):
    partner = SigningPartner(GlobalCredentials(*KEY), url)
    application = {**APPLICATION, "verified_number": "E88888888"}
    assert partner.refused(**{**application, "name": "王小红"}).error_code == "CBC.99007202"
    assert partner.apply(**{**application, "name": "王小明"}).is_review == 1
