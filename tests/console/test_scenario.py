"""A scenario: read, mended, and served."""

import pytest
from playwright.sync_api import expect


@pytest.fixture
def page(client, open_console):
    page = open_console(client, "#/scenario", expected=["422"])
    expect(summary(page)).to_have_text("No mistakes, 2 exchanges as expected")
    return page


def summary(page):
    return page.get_by_role("region", name="Results").get_by_role("heading", level=2)


def text(page):
    return page.get_by_role("textbox", name="Scenario")


def test_a_mistake_is_found_mended_and_the_world_is_served(client, page):
    right = text(page).input_value()
    before = client.control("GET", "world")
    text(page).fill(right.replace("{ id: customer-new, partner: demo-partner }", "{ id: 客戶, partner: demo-partnr }"))
    expect(summary(page)).to_have_text("1 mistake")
    page.get_by_role("button", name="Serve it in this space").click()
    mistake = page.get_by_role("button", name="there is no partner named `demo-partnr` - did you mean `demo-partner`?")
    mistake.click()
    expect(text(page)).to_be_focused()
    assert text(page).evaluate("area => area.value.slice(area.selectionStart)").startswith("demo-partnr")
    assert client.control("GET", "world") == before
    for key in ["Shift+ArrowRight"] * len("demo-partnr"):
        page.keyboard.press(key)
    page.keyboard.type("demo-partner")
    expect(summary(page)).to_have_text("No mistakes, 2 exchanges as expected")
    expect(page.get_by_role("status")).to_have_text("No mistakes, 2 exchanges as expected")
    page.get_by_role("button", name="Serve it in this space").click()
    expect(summary(page)).to_have_text("The space has begun again from this text")
    assert client.control("GET", "customers/%E5%AE%A2%E6%88%B6")["partner"] == "demo-partner"
    expect(text(page)).to_have_value(right.replace("customer-new", "客戶", 1))


def test_an_exchange_that_fails_says_what_came_and_why(page):
    text(page).fill(text(page).input_value().replace("is_review: 1 } }", "is_review: 0 } }"))
    expect(summary(page)).to_have_text("No mistakes, 1 of 2 exchanges not as expected")
    first = page.get_by_role("region", name="Results").get_by_role("listitem").first
    for part in ["not as expected", 'expected 200 {"is_review":0}', 'got 200 {"is_review":1}']:
        expect(first).to_contain_text(part)


def test_the_newest_answer_counts(page):
    held = []
    page.route("**/_sim/check", lambda route: held.append(route), times=1)
    with page.expect_request("**/_sim/check"):
        text(page).fill("customers: 5")
    text(page).fill("customers: []\n")
    expect(summary(page)).to_have_text("No mistakes, 0 exchanges as expected")
    with page.expect_response("**/_sim/check") as late:
        held[0].continue_()
    assert len(late.value.json()["mistakes"]) == 1
    page.evaluate("() => new Promise(requestAnimationFrame)")
    expect(summary(page)).to_have_text("No mistakes, 0 exchanges as expected")


def test_what_was_typed_outlives_other_views(page):
    text(page).fill("customers: []\n")
    page.get_by_role("combobox", name="Scenario").select_option("attempts-exhausted")
    expect(page.get_by_label("Scenario attempts-exhausted")).to_be_visible()
    page.get_by_role("link", name="World").click()
    expect(page.get_by_role("heading", name="World")).to_be_visible()
    page.get_by_role("link", name="Scenario").click()
    expect(page.get_by_label("Scenario default")).to_have_value("customers: []\n")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "default.yaml"
    assert download.value.path().read_text() == "customers: []\n"
