"""One request, and why it was answered so."""

import subprocess
from datetime import datetime, timezone

import pytest
from conftest import PASSPORT, PATH
from playwright.sync_api import expect


@pytest.fixture
def open_newest(client, open_console):
    """Opens the newest entry of the journal."""
    return lambda **options: open_console(client, f"#/requests/{client.entries()[-1]['request_id']}", **options)


def test_the_reason_comes_first_with_the_words_of_the_page(client, open_newest):
    client.apply(customer_id="customer-done")
    page = open_newest()
    expect(page.get_by_role("heading", level=1)).to_have_text("400 CBC.99000027")
    expect(page.locator(".reason")).to_have_text("not-authenticated-yet: real-name status: authenticated")
    expect(page.locator("h1 ~ p", has_text="documented")).to_contain_text("has passed real-name authentication")
    for folded in ["Passed", "Not reached"]:
        details = page.locator("details", has_text=folded)
        assert details.evaluate("details => !details.open")
    page.get_by_text("Passed (").click()
    expect(page.get_by_text("partner of the customer: demo-partner", exact=True)).to_be_visible()
    expect(page.get_by_text("This request changed nothing.")).to_be_visible()
    expect(page.get_by_role("region", name="Body of the request")).to_contain_text('"name": "***"')


def test_what_changed_is_shown(client, open_newest):
    client.apply()
    page = open_newest()
    expect(page.get_by_text("customer-new: unauthenticated → under_review, attempts 0 → 1")).to_be_visible()


def test_explaining_again_tells_what_the_request_would_get_now(client, open_newest):
    client.apply()
    page = open_newest()
    page.get_by_role("button", name="Explain again now").click()
    expect(page.get_by_role("heading", name="Now it would get another answer")).to_be_visible()
    expect(page.get_by_text("not-authenticated-yet: real-name status: under_review")).to_be_visible()
    client.control("POST", "customers/customer-new/review", {"decision": "reject", "opinion": "blurred"})
    page.get_by_role("button", name="Explain again now").click()
    expect(page.get_by_role("heading", name="Now it would get the same answer")).to_be_visible()
    assert len(client.entries()) == 1, "nothing is recorded"


def test_an_exchange_is_shown_or_why_there_is_none(client, open_newest):
    client.apply()
    page = open_newest()
    page.get_by_role("button", name="Make it an exchange").click()
    expect(page.locator("pre", has_text="- as: ")).to_contain_text('customer_id: "customer-new"')
    client.call("GET", "/nowhere")
    page = open_newest(expected=["409"])
    page.get_by_role("button", name="Make it an exchange").click()
    expect(page.get_by_text("an exchange is a call of a simulated endpoint")).to_be_visible()


def test_the_curl_command_sends_the_request_again(client, open_newest):
    client.apply(customer_id="it's $HOME")
    page = open_newest(permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    expect(page.locator("pre", has_text="curl -i")).to_have_text(command)
    assert '"name": "<name>"' in command
    subprocess.run(["bash", "-c", command], check=True, capture_output=True)
    first, second = client.entries()
    assert second["request"]["body"]["customer_id"] == first["request"]["body"]["customer_id"] == "it's $HOME"
    assert second["caller"] == "demo-partner"


def test_a_wrong_signature_shows_what_should_have_been_signed(client, open_newest):
    signature = "SDK-HMAC-SHA256 Access=DEMOAK0001, SignedHeaders=content-type;host;x-sdk-date, Signature=00"
    date = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    status, _ = client.call("POST", PATH, PASSPORT, **{"Authorization": signature, "X-Sdk-Date": date})
    assert status == 401
    page = open_newest()
    expect(page.locator("pre.check")).to_contain_text(f"canonical request:\nPOST\n{PATH}/\n")


def test_a_fault_shows_that_there_was_no_response(client, open_newest):
    client.control("POST", "scripted", {"times": 1, "then": {"fault": "malformed"}})
    with pytest.raises(Exception):
        client.apply()
    page = open_newest()
    expect(page.get_by_role("heading", level=1)).to_contain_text("fault malformed")
    expect(page.get_by_text("No response: the connection was broken (malformed).")).to_be_visible()
