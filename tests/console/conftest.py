"""What the tests of the console have in common: a simulator, a browser, and a client that is no browser.

`cargo test` runs these tests. By hand, in a virtual environment with `requirements.txt`:

    BSS_SIM_BIN=target/debug/bss-sim pytest tests/console
"""

import contextlib
import json
import os
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect, sync_playwright

from simulator import simulator

CHROMIUM = "/usr/bin/chromium"
PATH = "/v2/customers/realname-auths/individual"

# The browser talks to the simulator alone. It has no sandbox for root.
OPTIONS = ["--disable-background-networking", "--disable-component-update", "--no-first-run"]
OPTIONS += ["--no-sandbox"] if os.geteuid() == 0 else []

# A busy machine is slow, and no test here is about speed.
expect.set_options(timeout=30_000)

PASSPORT = {
    "customer_id": "customer-new",
    "identify_type": 0,
    "name": "Wang Xiaoming",
    "verified_type": 3,
    "verified_number": "E12345678",
    "verified_file_url": ["passport.jpg", "in-hand.jpg"],
    "xaccount_type": "***_IDP",
}


class Client:
    """A client of the simulated API and of the control API."""

    def __init__(self, url):
        self.url = url

    def call(self, method, path, body=None, **headers):
        """The status and the body of the answer."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **headers}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request) as response:
                status, text = response.status, response.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        return status, json.loads(text or "null")

    def control(self, method, path, body=None):
        status, answer = self.call(method, f"/_sim/{path}", body)
        assert status < 300, answer
        return answer

    def apply(self, **fields):
        """Sends an application with these fields changed."""
        return self.call("POST", PATH, {**PASSPORT, **fields}, **{"X-Auth-Token": "demo-token"})

    def entries(self):
        return self.control("GET", "journal")["entries"]


@pytest.fixture
def serve():
    """Starts a simulator with these options of the command line, and gives a client of it."""
    with contextlib.ExitStack() as running:
        yield lambda *options: Client(running.enter_context(simulator(*options)))


@pytest.fixture
def client(serve):
    """A client of a simulator that serves the scenario `default`."""
    return serve()


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def open_console(chromium):
    """Opens the console of a client's simulator. No page may log an error that is not expected, or ask
    anything of another server."""
    troubles, contexts = [], []

    def open_page(client, address="", width=1280, expected=(), **options):
        def log(message):
            if message.type == "error" and not any(text in message.text for text in expected):
                troubles.append(message.text)

        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", log)
        page.on("request", lambda request: None if request.url.startswith((client.url, "data:"))
                else troubles.append(request.url))
        page.goto(f"{client.url}/_sim/ui/{address}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def live():
    """Waits until a page has the whole journal and follows it."""
    return lambda page: expect(page.locator("#live")).to_have_text("live")
