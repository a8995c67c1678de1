"""For everybody, and for nobody else: keys, screen readers, small screens, both themes, and the control token."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

# The views that there are, by what makes each of them whole.
VIEWS = {
    "requests": ("#/requests", "tbody tr"),
    "empty": ("#/requests?space={space}", "pre"),
    "request": ("#/requests/{request}", ".reason"),
    "unknown request": ("#/requests/0", "[role=alert]"),
    "outcomes": ("#/outcomes", "div > table:last-child tbody tr"),
    "world": ("#/world", "section:last-child tbody tr"),
    "scenario": ("#/scenario", ".mistakes + ol li"),
    "spaces": ("#/spaces", "tbody tr"),
}


@pytest.fixture
def visit(client, open_console):
    """Opens a view of a simulator that has some of everything."""

    def open_view(name, **options):
        client.apply()
        client.apply(customer_id="customer-" + "long-" * 40, xaccount_type="<b>")
        client.control("POST", "scripted", {"when": {"customer_id": {"prefix": "long-" * 20}}, "then": {"fault": "reset"}})
        space = client.control("POST", "spaces", {"label": "long-" * 40})["id"]
        address, whole = VIEWS[name]
        request = client.entries()[-1]["request_id"]
        page = open_console(client, address.format(space=space, request=request), expected=["404"], **options)
        expect(page.locator(whole).first).to_be_visible()
        # A few stand for all of a list.
        page.evaluate("for (const details of [...document.querySelectorAll('details')].slice(0, 3)) details.open = true")
        return page

    return open_view


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_no_view_has_a_barrier_or_is_wider_than_a_phone(visit, view, scheme):
    page = visit(view, color_scheme=scheme)
    for width in [1280, 390]:
        page.set_viewport_size({"width": width, "height": 900})
        results = Axe().run(page)
        assert results.response["passes"], "it has looked"
        assert results.violations_count == 0, results.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_keys_are_enough(client, open_console, live):
    client.apply()
    client.apply()
    page = open_console(client)
    expect(page.locator("tbody tr")).to_have_count(2)
    press = page.keyboard.press
    focused = lambda: page.evaluate("document.activeElement.closest('tr')?.rowIndex ?? document.activeElement.id")
    press("j")
    assert focused() == 1
    press("j")
    press("j")
    assert focused() == 2, "there is no row below the last one"
    press("k")
    press("j")
    press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("200 is_review 1")
    press("Escape")
    expect(page.locator("tbody tr")).to_have_count(2)
    assert focused() == 2, "Esc leads back to the row"
    press("/")
    assert focused() == "search"
    page.keyboard.type("code:CBC j k ? 1")
    expect(page.get_by_role("searchbox")).to_have_value("code:CBC j k ? 1")
    page.get_by_role("searchbox").fill("")
    press("Escape")
    press("?")
    expect(page.get_by_role("dialog")).to_contain_text("the next and the previous row")
    press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    press("j")
    press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("CBC.99000027")
    press("1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Requests")
    page.reload()
    live(page)
    press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    press("Enter")
    assert focused() == "main"


def test_new_requests_are_announced_as_a_number(client, open_console, live):
    page = open_console(client)
    live(page)
    for _ in range(3):
        client.apply()
    expect(page.get_by_role("status")).to_have_text(re.compile(r"^\d new requests?$"))


def test_a_control_token_is_asked_for_once_and_kept_in_the_tab(serve, open_console, live):
    client = serve("--control-token", "right token")
    page = open_console(client, expected=["401"])
    dialog = page.get_by_role("dialog", name="Control token")
    dialog.get_by_label("Token").fill("wrong")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_have_text("This token is not the right one.")
    dialog.get_by_label("Token").fill("right token")
    dialog.get_by_role("button", name="Continue").click()
    live(page)
    expect(dialog).to_have_count(0)
    expect(page.get_by_label("Endpoint")).to_be_visible()
    page.reload()
    live(page)
    expect(dialog).to_have_count(0)
    assert page.context.cookies() == []


def test_a_token_in_the_address_is_taken_out_of_it(serve, open_console, live):
    client = serve("--control-token", "right token")
    page = open_console(client, "#token=right%20token")
    live(page)
    assert "token" not in page.url
