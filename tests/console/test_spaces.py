"""The spaces: made, labelled, chosen, deleted."""

from playwright.sync_api import expect


def test_a_space_is_made_labelled_chosen_and_deleted(client, open_console, live):
    page = open_console(client, "#/spaces")
    live(page)
    page.get_by_role("combobox", name="Scenario").select_option("attempts-exhausted")
    page.get_by_role("textbox", name="Label").fill("first")
    page.keyboard.press("Enter")
    rows = page.get_by_role("table", name="Spaces").locator("tbody tr")
    expect(rows).to_have_count(2)
    [space] = [space for space in client.control("GET", "spaces")["spaces"] if space["id"] != "default"]
    assert (space["label"], space["scenario"]) == ("first", "attempts-exhausted")
    assert page.url.endswith(f"#/spaces?space={space['id']}")
    expect(page.locator("#space")).to_have_value(space["id"])
    row = rows.filter(has_text=space["id"])
    expect(row).to_contain_text("first · chosen")

    row.get_by_role("button", name="Label").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("textbox")).to_have_value("first")
    dialog.get_by_role("textbox").fill("second")
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("second")
    expect(page.locator("#space").locator("option:checked")).to_have_text("second")

    for key, view in enumerate(["Requests", "Outcomes", "World", "Scenario", "Spaces"], 1):
        page.keyboard.press(str(key))
        expect(page.get_by_role("heading", level=1)).to_have_text(view)
        assert page.url.endswith(f"#/{view.lower()}?space={space['id']}"), "the address keeps the space"
    page.keyboard.press("3")
    expect(page.get_by_role("heading", level=1)).to_have_text("World")
    page.locator("#space").select_option("default")
    expect(page.get_by_role("button", name="Edit customer-rejected")).to_be_visible()
    assert page.url.endswith("#/world"), "choosing keeps the view"

    page.goto(f"{client.url}/_sim/ui/#/spaces?space={space['id']}")
    row.get_by_role("button", name="Delete").click()
    page.keyboard.press("Escape")
    expect(rows).to_have_count(2)
    row.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(rows).to_have_count(1)
    assert page.url.endswith("#/spaces")
    assert len(client.control("GET", "spaces")["spaces"]) == 1
