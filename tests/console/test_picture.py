"""The picture in the README. It is taken anew by `BSS_SIM_PICTURE=docs/console.png`, and its date stands below it."""

import os
from pathlib import Path

from playwright.sync_api import expect

ROOT = Path(__file__).resolve().parents[2]

# Where the picture is written to, if it is to be taken anew.
TARGET = os.environ.get("BSS_SIM_PICTURE")
MOST_BYTES = 120_000


def test_the_picture_shows_requests_with_their_reasons(client, open_console, live, tmp_path):
    """The page that is shown can be made, and the picture of it is small."""
    client.apply()
    client.apply()
    client.apply(verified_type="3")
    client.apply(customer_id="customer-exhausted")
    client.control("POST", "scripted", {"times": 1, "then": {"error_code": "CBC.0999"}})
    client.apply()
    client.call("POST", "/v2/customers/realname-auths/individual", {}, **{"X-Auth-Token": "Bearer demo-token"})
    client.control("POST", "customers/customer-new/review", {"decision": "approve"})
    client.call("GET", "/v2/customers/realname-auths/result?customer_id=customer-new", **{"X-Auth-Token": "demo-token"})
    page = open_console(client, color_scheme="light")
    live(page)
    expect(page.locator("tbody tr")).to_have_count(7)
    clip = {"x": 0, "y": 0, "width": 1280, "height": 440}
    taken = page.screenshot(path=TARGET and ROOT / TARGET, clip=clip)
    assert len(taken) < MOST_BYTES


def test_the_readme_shows_the_picture():
    assert "](docs/console.png)" in (ROOT / "README.md").read_text(encoding="utf-8")
    picture = (ROOT / "docs/console.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and len(picture) < MOST_BYTES
