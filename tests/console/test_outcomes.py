"""The outcomes: which were met, and what comes next."""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture
def page(client, open_console):
    page = open_console(client, "#/outcomes", expected=["422"])
    expect(page.get_by_text("0 of 24 met")).to_be_visible()
    return page


def row(page, name):
    return page.get_by_role("row").filter(has=page.get_by_role("button", name=f"Arm once {name}", exact=True))


def armed(page):
    return page.get_by_role("table", name="Armed answers").locator("tbody tr")


def test_an_outcome_is_armed_and_a_client_meets_it(client, page):
    outcome = row(page, "CBC.0999 500")
    for text in ["Other errors.", "no-internal-fault assumed", "not yet"]:
        expect(outcome).to_contain_text(text)
    outcome.get_by_role("button", name="Arm once").click()
    expect(outcome).to_contain_text("armed")
    expect(armed(page)).to_contain_text(["CBC.0999every application1"])
    status, answer = client.apply()
    assert (status, answer["error_code"]) == (500, "CBC.0999")
    expect(page.get_by_text("1 of 24 met")).to_be_visible()
    expect(outcome).not_to_contain_text("armed")
    outcome.get_by_role("link", name="met").click()
    expect(page.get_by_label("Search", exact=True)).to_have_value('code:"CBC.0999"')
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("500 CBC.0999")


def test_options_say_how_often_for_whom_and_how_late(client, page):
    outcome = row(page, "CBC.99000026 400")
    outcome.get_by_text("Options").click()
    outcome.get_by_label("Times").fill("")
    outcome.get_by_label("Delay").fill("soon")
    outcome.get_by_label("customer_id").fill("customer-done")
    outcome.get_by_role("button", name="Arm", exact=True).click()
    expect(outcome.get_by_role("alert")).to_contain_text("`soon` is no span of time")
    expect(outcome.get_by_label("customer_id")).to_have_value("customer-done")
    outcome.get_by_label("Delay").fill("1ms")
    page.keyboard.press("Enter")
    expect(armed(page)).to_contain_text(['when {"customer_id":["customer-done"]} delay 1ms'])
    expect(armed(page)).to_contain_text(["always"])
    for _ in range(2):
        assert client.apply(customer_id="customer-done")[1]["error_code"] == "CBC.99000026"
    assert client.apply()[0] == 200


def test_gateway_answers_and_faults_are_armed_and_taken_back(client, page):
    for summary in ["Answers of the gateway (23)", "Faults of the connection (5)"]:
        page.get_by_text(summary).click()
    for name in ["APIGW.0201 504", "fault hang", "APIGW.0308 429", "PIC_SIZE_ERR 400"]:
        row(page, name).get_by_role("button", name="Arm once").click()
        expect(row(page, name)).to_contain_text("armed")
    expect(armed(page)).to_contain_text(["APIGW.0201 status 504", "fault hang", "APIGW.0308", "PIC_SIZE_ERR"])
    page.get_by_role("button", name="Remove answer 2").click()
    expect(armed(page)).to_contain_text(["status 504", "APIGW.0308", "PIC_SIZE_ERR"])
    expect(page.get_by_role("button", name="Remove answer 3")).to_be_focused()
    assert client.apply()[0] == 504
    assert client.apply()[0] == 429
    assert client.apply()[1]["fail_check_items"] == ["PIC_SIZE_ERR"]
    page.get_by_role("button", name="Remove all").click()
    expect(page.get_by_text("None: the rules answer every request.")).to_be_visible()
    assert client.control("GET", "scripted") == {"scripted": []}


def test_each_outcome_leads_to_the_scenario_that_shows_it(page):
    row(page, "CBC.99000026 400").get_by_role("link", name="attempts-exhausted").click()
    expect(page.get_by_label("Scenario attempts-exhausted")).to_have_value(re.compile("attempts"))


def test_keys_are_enough(client, open_console, live):
    page = open_console(client)
    live(page)
    press = page.keyboard.press

    def go_to(name):
        for _ in range(40):
            press("Tab")
            if page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.textContent") == name:
                return
        raise AssertionError(f"Tab does not lead to {name}")

    press("2")
    expect(page.get_by_role("heading", name="Outcomes")).to_be_focused()
    go_to("Options is_review 0 200")
    press("Enter")
    for text in ["", "1ms", "customer-new"]:
        press("Tab")
        page.keyboard.type(text)
    press("Enter")
    expect(armed(page)).to_contain_text(['when {"customer_id":["customer-new"]} delay 1ms1'])
    assert client.apply() == (200, {"is_review": 0})
    press("Tab")
    press("3")
    expect(page.get_by_role("heading", name="World")).to_be_focused()
    expect(page.get_by_role("button", name="Approve customer-under-review")).to_be_visible()
    go_to("Reject customer-under-review")
    press("Enter")
    page.keyboard.type("blurred")
    press("Enter")
    expect(page.get_by_role("row").filter(has_text="customer-under-review")).to_contain_text("blurred")
    assert client.control("GET", "customers/customer-under-review")["real_name"] == "rejected"


def test_a_check_item_that_was_met_leads_to_its_requests(client, page):
    row(page, "PIC_SIZE_ERR 400").get_by_role("button", name="Arm once").click()
    client.apply()
    row(page, "PIC_SIZE_ERR 400").get_by_role("link", name="met").click()
    expect(page.locator("tbody tr")).to_have_count(1)
