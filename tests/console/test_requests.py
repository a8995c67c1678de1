"""The requests of a space."""

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from playwright.sync_api import expect

MARKUP = "<img src=x onerror=alert(1)>"


def rows(page):
    return page.locator("tbody tr")


def test_the_address_of_the_simulator_leads_a_browser_to_its_requests(client, open_console, live):
    page = open_console(client)
    page.goto(client.url)
    live(page)
    assert page.url.startswith(f"{client.url}/_sim/ui/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Requests")
    assert client.entries() == [], "neither the page nor its icon is a request of a client"


def test_a_request_shows_up_with_its_reason(client, open_console, live):
    page = open_console(client)
    live(page)
    client.apply()
    client.apply()
    expect(rows(page)).to_have_count(2)
    newest = rows(page).first
    for text in ["400", "CBC.99000027", "not-authenticated-yet: real-name status: under_review", "customer-new",
                 "demo-partner", "POST"]:
        expect(newest).to_contain_text(text)
    expect(rows(page).last).to_contain_text("is_review 1")


def test_without_a_request_the_page_says_how_to_send_one(client, open_console, live):
    page = open_console(client)
    expect(page.get_by_role("heading", name="No request yet")).to_be_visible()
    for value in ["demo-token", "DEMOAK0001", "demo-secret", "***_IDP"]:
        expect(page.locator("dl")).to_contain_text(value)
    expect(page.get_by_label("Endpoint")).to_have_value(client.url)
    languages = page.get_by_label("A client in").locator("option").all_text_contents()
    assert languages == ["curl", "Python", "Java", "Go", "Node.js"]
    for language in languages[1:]:
        page.get_by_label("A client in").select_option(language)
        lines = page.locator("pre").text_content()
        assert client.url in lines and ("DEMOAK0001" in lines or "demo-token" in lines), lines
        if language == "Python":
            compile(lines, language, "exec")
    page.get_by_label("A client in").select_option("curl")
    answer = subprocess.run(["bash", "-c", page.locator("pre").text_content()], capture_output=True, check=True)
    assert answer.stdout == b'{"is_review":1}'
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_role("heading", name="No request yet")).to_have_count(0)


def test_an_empty_space_shows_its_own_credentials(client, open_console):
    space = client.control("POST", "spaces", {})
    page = open_console(client, f"#/requests?space={space['id']}")
    expect(page.locator("dl")).to_contain_text(space["partners"][0]["ak"])
    expect(page.get_by_label("Space")).to_have_value(space["id"])
    page.get_by_label("Space").select_option("default")
    expect(page.locator("dl")).to_contain_text("DEMOAK0001")
    assert "space=" not in page.url, "the default space is the one without a parameter"


def test_the_search_is_in_the_address(client, open_console, live):
    client.apply()
    client.apply()
    client.apply(customer_id="customer-done", identify_type="x")
    page = open_console(client)
    search = page.get_by_role("searchbox")
    for text, count in [
        ("status:4", 2), ("-status:4", 1), ("code:CBC.99", 1), ("status:4 -code:CBC.0100", 1), ("customer:customer-d", 1),
        ("UNDER_REVIEW", 2), ('"must be a"', 1), ("by:rule", 1), ("nothing:such", 0), ("-", 3), ("", 3),
    ]:
        search.fill(text)
        expect(rows(page)).to_have_count(count)
    search.fill("status:4 -code:CBC.0100")
    expect(page.get_by_text("1 of 3 requests match.")).to_be_visible()
    assert "q=status" in page.url
    page.reload()
    expect(search).to_have_value("status:4 -code:CBC.0100")
    expect(rows(page)).to_have_count(1)
    search.fill("no such thing")
    expect(page.get_by_text("No request matches the search.")).to_be_visible()


def test_what_clients_send_never_becomes_markup(client, open_console, live):
    client.apply(customer_id=MARKUP)
    client.call("GET", "/%3Cimg%20src=x%20onerror=alert(1)%3E")
    page = open_console(client, "#/requests?q=" + MARKUP, expected=["404", "blocked"])
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("<img src=x")
    rows(page).click()
    expect(page.get_by_text(f'"customer_id": "{MARKUP}"')).to_be_visible()
    page.goto(f"{client.url}/_sim/ui/#/requests/{MARKUP}")
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.locator("img").count() == 0
    refused = page.evaluate("() => { try { document.body.innerHTML = '<p>'; } catch (error) { return error.name; } }")
    assert (refused, dialogs) == ("TypeError", [])


def test_clearing_and_a_reset_empty_every_window(client, open_console, live):
    client.apply()
    pages = [open_console(client) for _ in range(2)]
    for page in pages:
        expect(rows(page)).to_have_count(1)
    pages[0].get_by_role("button", name="Clear the journal").click()
    for page in pages:
        expect(rows(page)).to_have_count(0)
    client.apply()
    for page in pages:
        expect(rows(page)).to_have_count(1)
    client.control("POST", "reset")
    for page in pages:
        expect(rows(page)).to_have_count(0)


def test_a_thousand_quick_requests_are_shown_to_the_last(client, open_console, live):
    page = open_console(client)
    live(page)
    with ThreadPoolExecutor(8) as clients:
        list(clients.map(lambda number: client.apply(customer_id=f"c-{number}"), range(1000)))
    client.apply(customer_id="the-last")
    expect(page.get_by_text("1001 requests, the newest 500 are shown.")).to_be_visible()
    expect(rows(page)).to_have_count(500)
    expect(rows(page).first).to_contain_text("the-last")
    page.get_by_role("searchbox").fill("customer:the-last")
    expect(page.get_by_text("1 of 500 requests match, 501 earlier ones were not searched.")).to_be_visible()
    page.get_by_role("button", name="Search 500 earlier requests").click()
    expect(page.get_by_text("1 of 1000 requests match, 1 earlier ones were not searched.")).to_be_visible()


def test_a_lost_connection_is_said_and_made_again(client, open_console, live):
    page = open_console(client, expected=["ERR_INTERNET_DISCONNECTED"])
    live(page)
    page.context.set_offline(True)
    space = client.control("POST", "spaces", {})["id"]
    page.evaluate("space => { location.hash = `#/requests?space=${space}`; }", space)
    expect(page.locator("#live")).to_have_text(re.compile("connection lost"))
    page.context.set_offline(False)
    live(page)
