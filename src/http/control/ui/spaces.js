// The spaces: isolated worlds. The one that is chosen is in the address.

import { button, h } from "./dom.js";
import { ask, field, form } from "./forms.js";
import { table } from "./table.js";

const MOST = 200;

export async function openSpaces(page) {
	const { scenarios } = await page.json("scenarios");
	const write = (id, method, body) => page.call(`spaces${id}`, { method, body, space: null, signal: null });
	const choose = (id) => (location.hash = page.href("spaces", {}, id));
	const labelField = (value) => field("Label", { name: "label", value, maxlength: 200, placeholder: "none" });
	const count = h("p.quiet");
	const list = table("Spaces, those first that were used last", [
		["Space", "name", ({ id, label = id }) => [h("a", { href: page.href("spaces", {}, id) }, label), id === page.space && " · chosen"]],
		["ID", "why", ({ id }) => h("code", id)],
		["Scenario", "state", ({ scenario }) => scenario],
		["Last used (UTC)", "state", ({ last_used: used }) => `${used.slice(0, 10)} ${used.slice(11, 19)}`],
		["", "actions", ({ id, label }) => [
			button("Label", () => ask(`Label ${id}`, labelField(label), { save: "Save" },
				({ label }) => write(`/${id}`, "PUT", { label: label || null }), read), id),
			id !== "default" && button("Delete", () => ask(`Delete ${label ?? id}?`, "Its world and its journal are lost.", { delete: "Delete" },
				() => write(`/${id}`, "DELETE"), () => (id === page.space ? choose("default") : read())), id),
		]],
	]);

	async function read() {
		const { spaces } = await page.json("spaces", { space: null });
		spaces.sort((one, other) => (one.last_used < other.last_used ? 1 : -1));
		list.show(spaces.slice(0, MOST));
		count.textContent = (spaces.length > MOST ? `${MOST} of ` : "") + spaces.length;
		page.refresh();
	}

	page.content.append(
		h("div.bar", h("h1", "Spaces"), count),
		form(async ({ scenario, label }) => choose((await (await write("", "POST", { scenario, label: label || null })).json()).id),
			h("div.bar",
				h("label", "Scenario ", h("select", { name: "scenario" }, scenarios.map(({ name }) => h("option", name)))),
				labelField(), h("button", "Make a space"))),
		list.element);
	page.update = read;
	await read();
}
