"""The world of a space: reviews, customers, partners, certificates, the clock."""

import json

import pytest
from playwright.sync_api import expect

MARKUP = "<img src=x onerror=alert(1)>"


@pytest.fixture
def page(client, open_console, live):
    page = open_console(client, "#/world", expected=["400", "409", "422"])
    live(page)
    expect(rows(page, "customers")).to_have_count(10)
    return page


def rows(page, kind):
    return page.get_by_role("table", name=kind).locator("tbody tr")


def customer(client, name):
    return client.control("GET", f"customers/{name}")


def test_reviews_are_approved_and_rejected_with_an_opinion(client, page):
    client.apply()
    page.get_by_role("button", name="Approve customer-new").click()
    expect(rows(page, "customers").filter(has_text="customer-new")).to_contain_text("authenticated")
    assert customer(client, "customer-new")["real_name"] == "authenticated"
    page.get_by_role("button", name="Reject customer-under-review").click()
    page.get_by_label("Opinion").fill("The picture is blurred.")
    page.keyboard.press("Enter")
    row = rows(page, "customers").filter(has_text="customer-under-review")
    expect(row).to_contain_text("rejectedThe picture is blurred.")
    expect(row.get_by_role("button").first).to_be_focused()


def test_a_review_that_was_decided_meanwhile_is_said(client, page):
    page.route("**/review", lambda route: (
        client.control("POST", "customers/customer-under-review/review", {"decision": "approve"}), route.continue_()))
    page.get_by_role("button", name="Approve customer-under-review").click()
    expect(page.get_by_role("alert").first).to_contain_text("not under review")


def test_a_customer_is_added_edited_and_deleted(client, page):
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="Add customer").click()
    dialog.get_by_label("id").fill("customer-late")
    dialog.get_by_label("JSON of the customer").fill('{\n  "partner": "demo-partner",\n  "attemps": 2\n}')
    dialog.get_by_role("button", name="Save").click()
    mistake = dialog.get_by_role("button", name="3:3 attemps: unknown key `attemps` - did you mean `attempts`?")
    mistake.click()
    text = dialog.get_by_role("textbox", name="JSON")
    expect(text).to_be_focused()
    place = text.evaluate("area => area.selectionStart")
    assert text.input_value()[place:].startswith('"attemps"')
    typed = text.input_value()
    with page.expect_response("**/_sim/customers?*"):
        client.control("POST", "reset")
    page.keyboard.press("Escape")
    # Neither a reset nor Esc loses it.
    expect(text).to_have_value(typed)
    text.fill('{ "partner": ')
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("1:13 the body is no JSON")
    text.fill('{ "partner": "demo-partner", "attempts": 2 }')
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(rows(page, "customers").filter(has_text="customer-late")).to_contain_text("2")

    page.get_by_role("button", name="Edit customer-late").click()
    expect(text).to_have_value('{\n  "real_name": "unauthenticated",\n  "partner_program": false,\n  "attempts": 2,\n  "partner": "demo-partner"\n}')
    text.fill('{ "real_name": "authenticated" }')
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Edit customer-late")).to_be_focused()
    assert customer(client, "customer-late")["real_name"] == "authenticated"

    page.get_by_role("button", name="Edit customer-late").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(rows(page, "customers")).to_have_count(10)
    assert client.call("GET", "/_sim/customers/customer-late")[0] == 404


def test_a_partner_shows_its_credentials_when_asked_and_keeps_them(client, page):
    row = rows(page, "partners").first
    expect(row.get_by_text("demo-secret")).to_be_hidden()
    row.get_by_text("Credentials").click()
    expect(row.get_by_text("demo-secret")).to_be_visible()
    row.get_by_role("button", name="Edit").click()
    text = page.get_by_label("JSON of the partner")
    assert "demo-secret" not in text.input_value()
    text.fill(text.input_value().replace('"photo_upload": true', '"photo_upload": false'))
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    partner = client.control("GET", "partners/demo-partner")
    assert partner["photo_upload"] is False
    assert partner["credentials"]["tokens"][0] == "demo-token"


def test_certificates_are_found_by_their_holder_and_changed(client, page):
    client.apply()
    page.get_by_role("button", name="Certificates of customer-new").click()
    expect(rows(page, "certificates")).to_have_count(1)
    expect(rows(page, "certificates")).to_contain_text("E12345678")
    page.get_by_role("button", name="Edit E12345678").click()
    page.get_by_label("JSON of the certificate").fill('{ "blocked": true, "used_by": ["customer-new"] }')
    page.get_by_role("button", name="Save").click()
    expect(rows(page, "certificates")).to_contain_text("blocked")
    assert client.apply(customer_id="customer-rejected")[1]["error_code"] == "CBC.99007193"


def test_the_clock_is_put_forward_stopped_set_and_given_back(client, page):
    now = lambda: client.control("GET", "clock")
    page.get_by_role("button", name="+ 1 day").click()
    expect(page.locator("#clock")).to_contain_text("+1d")
    page.get_by_role("button", name="Stop it").click()
    expect(page.get_by_role("button", name="Let it go on")).to_be_visible()
    assert now()["frozen"]
    field = page.get_by_label("Time")
    field.fill("2027-13-01")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="`2027-13-01`")).to_be_visible()
    field.fill("2027-12-01")
    page.keyboard.press("Enter")
    expect(page.locator("[data-clock]")).to_contain_text("2027-12-01 00:00:00 UTC")
    page.get_by_role("button", name="Back to the machine's time").click()
    expect(page.get_by_role("button", name="Stop it")).to_be_visible()
    assert now()["frozen"] is False and abs(now()["ahead_ms"]) < 1000


def test_a_reset_is_asked_about(client, page):
    client.control("DELETE", "customers/customer-done")
    page.get_by_role("button", name="Reset the space").click()
    page.keyboard.press("Escape")
    assert client.call("GET", "/_sim/customers/customer-done")[0] == 404
    page.get_by_role("button", name="Reset the space").click()
    page.get_by_role("button", name="Reset", exact=True).click()
    expect(rows(page, "customers").filter(has_text="customer-done")).to_be_visible()


def test_the_world_is_downloaded_as_a_scenario(client, page):
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as a scenario").click()
    assert download.value.suggested_filename == "default.json"
    world = json.loads(download.value.path().read_text())
    assert world == client.control("GET", "world")


def test_100_000_customers_come_in_pages(serve, open_console, tmp_path):
    scenario = tmp_path / "many.json"
    customers = [{"id": f"c-{number:06}", "partner": "demo"} for number in range(100_000)]
    partner = {"id": "p", "name": "demo", "xaccount_type": "X", "credentials": {"tokens": ["t"]}}
    scenario.write_text(json.dumps({"partners": [partner], "customers": customers}))
    page = open_console(serve("--scenario", "many", "--fixtures", scenario), "#/world")
    expect(rows(page, "customers").first).to_contain_text("c-000000")
    expect(rows(page, "customers")).to_have_count(50)
    expect(page.get_by_text("50 of 100,000")).to_be_visible()
    page.get_by_role("button", name="50 more customers").click()
    expect(rows(page, "customers")).to_have_count(100)
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    page.get_by_label("Search customers").fill("C-09999")
    expect(rows(page, "customers")).to_have_count(10)
    expect(rows(page, "customers").last).to_contain_text("c-099999")


def test_no_name_becomes_markup(client, open_console):
    client.control("PUT", f"customers/{MARKUP.replace('<', '%3C').replace('>', '%3E').replace(' ', '%20')}",
                   {"partner": "demo-partner", "real_name": "under_review"})
    client.control("PUT", "certificates/E1", {"holder": MARKUP, "used_by": [MARKUP]})
    client.control("POST", "scripted", {"when": {"customer_id": MARKUP}, "then": {"raw": {"status": 200, "body": json.dumps(MARKUP)}}})
    space = client.control("POST", "spaces", {"label": MARKUP, "fixture": {"name": MARKUP}})["id"]
    client.apply(customer_id=MARKUP)
    page = open_console(client, "#/world")
    for view in ["world", "outcomes", "spaces", f"spaces?space={space}", "requests"]:
        page.evaluate("view => { location.hash = `#/${view}`; }", view)
        expect(page.get_by_role("main").get_by_text(MARKUP).first).to_be_visible()
        assert page.locator("main img").count() == 0
    page.evaluate("location.hash = '#/world'")
    for name in ["Reject", "Edit"]:
        page.get_by_role("button", name=f"{name} {MARKUP}").click()
        expect(page.get_by_role("dialog").get_by_role("heading")).to_have_text(f"{name} {MARKUP}")
        page.get_by_role("button", name="Close").click()
    page.evaluate("location.hash = '#/scenario'")
    page.get_by_label("Scenario default").fill(f"customers: [{{ id: {MARKUP}, partner: '{MARKUP}' }}]")
    expect(page.get_by_text(f"there is no partner named `{MARKUP}`")).to_be_visible()
    assert page.locator("main img").count() == 0
