"""What the official SDK makes of the answers, when it calls with a token."""

import os
import re
import subprocess

import pytest
import requests
from huaweicloudsdkbssintl.v2 import ListIndirectPartnersRequest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, ServerResponseException

import scenarios
from partner import INDIVIDUAL, TIMEOUT, Partner, post, send

SCENARIOS = scenarios.read_all()
REQUEST_ID = re.compile("[0-9a-f]{32}")

# An application that the default scenario accepts.
APPLICATION = {
    "customer_id": "customer-new",
    "identify_type": 0,
    "verified_type": 3,
    "verified_file_url": ["profile.jpg", "in-hand.jpg"],
    "name": "Wang Xiaoming",
    "verified_number": "E12345678",
    "xaccount_type": "***_IDP",
}


@pytest.fixture
def url(serve):
    """The default scenario, which needs no option."""
    return serve()


def assert_exception(error, wire):
    """Asserts that the SDK has read everything out of an error that it can."""
    body = wire.json()
    expected = ClientRequestException if wire.status_code < 500 else ServerResponseException
    assert type(error) is expected
    assert (error.status_code, error.error_code, error.error_msg) == (
        wire.status_code,
        body["error_code"],
        body["error_msg"],
    )
    assert REQUEST_ID.fullmatch(error.request_id)
    assert error.request_id == wire.headers["X-Request-Id"]


def assert_gateway_error(wire, status, code, message):
    """Asserts that the gateway has answered, in its own form."""
    request_id = wire.headers["X-Request-Id"]
    assert REQUEST_ID.fullmatch(request_id)
    assert wire.status_code == status
    assert wire.json() == {"error_msg": message, "error_code": code, "request_id": request_id}
    assert wire.headers["Content-Type"] == "application/json"
    assert wire.headers["Server"] == "api-gateway"


def test_an_accepted_application_is_read_as_an_integer(url):
    partner = Partner(url, "demo-token")
    response = partner.apply(**APPLICATION)
    assert response.status_code == 200
    assert type(response.is_review) is int
    assert response.is_review == 1
    assert response.raw_content == b'{"is_review":1}'
    assert partner.wire.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert REQUEST_ID.fullmatch(partner.wire.headers["X-Request-Id"])


def test_an_error_is_raised_with_all_its_parts(url):
    partner = Partner(url, "demo-token")
    with pytest.raises(ClientRequestException) as caught:
        partner.apply(**{**APPLICATION, "customer_id": "customer-done"})
    assert_exception(caught.value, partner.wire)
    assert caught.value.status_code == 400
    assert caught.value.error_code == "CBC.99000027"
    assert caught.value.error_msg == "The customer has passed real-name authentication or is being reviewed."


def test_every_request_has_its_own_id(url):
    partner = Partner(url, "demo-token")
    ids = []
    for _ in range(2):
        with pytest.raises(ClientRequestException) as caught:
            partner.apply(**{**APPLICATION, "customer_id": "customer-done"})
        ids.append(caught.value.request_id)
    assert ids[0] != ids[1]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_scenario(serve, scenario):
    """Every exchange of a scenario file, over the wire: through the SDK where the SDK can send it."""
    assert scenario.exchanges, "a scenario begins with a request, so that this test shows something"
    url = serve("--fixtures", scenario.path)
    for number, exchange in enumerate(scenario.exchanges, 1):
        partner = Partner(url, exchange.token)
        if exchange.fits_the_sdk:
            wire = apply(partner, exchange)
        else:
            wire = send(url, exchange.method, exchange.path, exchange.request, exchange.token)
        assert (number, wire.status_code) == (number, exchange.status), wire.text
        if exchange.body is not None:
            found = wire.json()
            if "request_id" not in exchange.body:
                found.pop("request_id", None)
            assert (number, found) == (number, exchange.body)


def apply(partner, exchange):
    """Sends a request through the SDK, compares what the SDK returns or raises with the answer, and gives that."""
    if exchange.status < 400:
        response = partner.apply(**exchange.request)
        assert type(response.is_review) is int
        assert response.is_review == int(partner.wire.json()["is_review"])
    else:
        with pytest.raises((ClientRequestException, ServerResponseException)) as caught:
            partner.apply(**exchange.request)
        assert_exception(caught.value, partner.wire)
    return partner.wire


def test_the_scenarios_bring_every_documented_outcome_to_the_sdk():
    """With `test_scenario`, which sends them: no outcome of the catalog is left out."""
    shown = set()
    for exchange in (exchange for scenario in SCENARIOS for exchange in scenario.exchanges if exchange.fits_the_sdk):
        body = exchange.body or {}
        if "is_review" in body:
            shown.add((f"is_review {body['is_review']}", exchange.status))
        if "error_code" in body:
            shown.add((body["error_code"], exchange.status, body.get("error_msg")))
        shown.update((item, exchange.status) for item in body.get("fail_check_items", []))
    assert documented() - shown == set()


def documented():
    """The rows of `bss-sim catalog`; for an error of the API with its text, which is what goes over the wire."""
    command = [os.environ["BSS_SIM_BIN"], "catalog"]
    table = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=TIMEOUT, check=True).stdout
    rows = re.findall(r"^\| `([^`]+)` *\| (\d+) *\| (.*?) *\|", table, re.MULTILINE)
    assert len(rows) == len(table.splitlines()) - 2, "a row of the table is not understood"
    return {(name, int(status), *([text] if name.startswith("CBC.") else [])) for name, status, text in rows}


def test_an_unknown_token_is_refused(url):
    partner = Partner(url, "no-such-token")
    with pytest.raises(ClientRequestException) as caught:
        partner.apply(**APPLICATION)
    assert_exception(caught.value, partner.wire)
    message = "Incorrect IAM authentication information: decrypt token fail"
    assert_gateway_error(partner.wire, 401, "APIGW.0301", message)


def test_a_request_without_credentials_is_refused(url):
    message = "Incorrect IAM authentication information: x-auth-token not found"
    assert_gateway_error(post(url, APPLICATION), 401, "APIGW.0301", message)


def test_an_api_that_is_not_simulated_does_not_exist(url):
    partner = Partner(url, "demo-token")
    request = ListIndirectPartnersRequest()
    with pytest.raises(ClientRequestException) as caught:
        partner.invoke(partner.client.list_indirect_partners_invoker(request))
    assert_exception(caught.value, partner.wire)
    message = "The API does not exist or has not been published in the environment."
    assert_gateway_error(partner.wire, 404, "APIGW.0101", message)


def test_an_unknown_method_does_not_exist(url):
    wire = requests.get(url + INDIVIDUAL, headers={"X-Auth-Token": "demo-token"}, timeout=TIMEOUT)
    assert_gateway_error(wire, 404, "APIGW.0101", "The API does not exist.")


def test_the_path_is_looked_at_before_the_credentials(url):
    wire = requests.post(url + "/v2/customers/realname-auths", json=APPLICATION, timeout=TIMEOUT)
    message = "The API does not exist or has not been published in the environment."
    assert_gateway_error(wire, 404, "APIGW.0101", message)
