// The spaces: isolated worlds. The one that is chosen is in the address.

import { h } from "./dom.js";
import { ask, field, form } from "./forms.js";
import { table } from "./table.js";

/** How many spaces are listed, those first that were used last. */
const MOST = 200;

const time = (text) => `${text.slice(0, 10)} ${text.slice(11, 19)}`;

export async function openSpaces(page) {
  const { scenarios } = await page.json("scenarios");
  const path = (id) => `spaces/${encodeURIComponent(id)}`;
  const write = (path, method, body) => page.call(path, { method, body, space: null, signal: null });
  const button = (label, click, id) => h("button", { type: "button", click, "aria-label": `${label} ${id}` }, label);
  const label = (value) => field("Label", { name: "label", value, maxlength: 200, placeholder: "such as a test's name" });
  const count = h("p", { class: "quiet" });
  const { element, show } = table("Spaces, those first that were used last", [
    ["Space", "name", ({ id, label }) => [h("a", { href: page.href("spaces", {}, id), "aria-current": id === page.space && "true" }, label ?? id),
      id === page.space && " · chosen"]],
    ["ID", "why", ({ id }) => h("code", {}, id)],
    ["Scenario", "state", ({ scenario }) => scenario],
    ["Made (UTC)", "state", ({ created }) => time(created)],
    ["Last used (UTC)", "state", ({ last_used: used }) => time(used)],
    ["", "actions", (space) => [
      button("Label", () => ask(`Label ${space.id}`, label(space.label), { save: "Save" },
        ({ label }) => write(path(space.id), "PUT", { label: label || null }), read), space.id),
      space.id !== "default" && button("Delete", () => ask(`Delete ${space.label ?? space.id}?`,
        h("p", {}, "Its world and its journal are lost, and its credentials are no longer valid."), { delete: "Delete" },
        () => write(path(space.id), "DELETE"), () => (space.id === page.space ? choose("default") : read())), space.id),
    ]],
  ], ({ id }) => id);

  const choose = (id) => (location.hash = page.href("spaces", {}, id));

  async function read() {
    const { spaces } = await page.json("spaces", { space: null });
    spaces.sort((one, other) => (one.last_used < other.last_used ? 1 : -1));
    show(spaces.slice(0, MOST));
    count.textContent = spaces.length > MOST ? `${MOST} of ${spaces.length} are listed` : spaces.length;
    page.refresh();
  }

  page.content.append(
    h("div", { class: "bar" }, h("h1", { tabindex: -1 }, "Spaces"), count),
    form(async ({ scenario, label }) => {
      const { id } = await (await write("spaces", "POST", { scenario, ...(label && { label }) })).json();
      choose(id);
    },
      h("div", { class: "bar" },
        h("label", {}, "Scenario ", h("select", { name: "scenario" }, scenarios.map(({ name }) => h("option", {}, name)))),
        label(), h("button", {}, "Make a space"))),
    element);
  page.update = read;
  await read();
}
