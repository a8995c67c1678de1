// What is in a space: its clock, customers, partners and certificates.

import { button, copyButton, h } from "./dom.js";
import { ask, download, field, form, textarea } from "./forms.js";
import { table } from "./table.js";

const PAGE = 50;

const KINDS = { authenticated: "good", pass: "good", under_review: "broken", unauthenticated: "quiet" };
const state = (word) => h(`span.pill.${KINDS[word] ?? "failed"}`, word.replace("_", " "));
const quiet = (text) => h("span.quiet", text);
const pretty = (value) => JSON.stringify(value, null, 2);

export async function openWorld(page) {
	// A write goes on when the view is left.
	const write = (path, method, body) => page.call(path, { method, body, signal: null });

	function records(kind, key, sample, columns) {
		const hasPages = kind !== "partners";
		const path = (name) => `${kind}/${encodeURIComponent(name)}`;
		const one = kind.slice(0, -1);
		let [limit, newest] = [PAGE, 0];
		const search = h("input", { type: "search", "aria-label": `Search ${kind}`, placeholder: "Search",
			input: () => ((limit = PAGE), read()) });
		const count = quiet();
		const more = button(`${PAGE} more`, () => ((limit += PAGE), read()), kind);
		const rows = table(kind, [[key, "name", (record) => h("code", record[key])], ...columns, ["", "actions", (record) => [
			record.real_name === "under_review" && [
				button("Approve", () => review(record.id, { decision: "approve" }).then(page.update), record.id),
				button("Reject", () => ask(`Reject ${record.id}`, field("Opinion", { name: "opinion" }), { reject: "Reject" },
					({ opinion }) => review(record.id, { decision: "reject", opinion: opinion || null }), page.update), record.id)],
			kind === "customers" && button("Certificates", () => {
				certificates.search.value = record.id;
				certificates.search.focus();
				certificates.read();
			}, `of ${record.id}`),
			button("Edit", () => edit(record[key]), record[key]),
		]]]);
		const review = (id, body) => write(`${path(id)}/review`, "POST", body);

		async function read() {
			const mine = (newest += 1);
			const query = hasPages ? `?${new URLSearchParams({ limit, search: search.value })}` : "";
			const { [kind]: list, total = list.length, next } = await page.json(kind + query);
			if (mine !== newest) return;
			rows.show(list);
			more.hidden = !next;
			count.textContent = (next ? `${limit} of ` : "") + total.toLocaleString("en");
		}

		/** Credentials are not shown, and stay, unless the text has new ones. */
		async function edit(name) {
			const { [key]: _, credentials, ...record } = name === undefined ? sample : await page.json(path(name));
			ask(name === undefined ? `Add a ${one}` : `Edit ${name}`, [
				name === undefined && h("p", field(key, { name: "name", required: true })),
				textarea(`JSON of the ${one}`, pretty(record), { name: "text", rows: 12 }),
				credentials && quiet("Its credentials stay, unless you write others."),
			], { save: "Save", ...(name !== undefined && { delete: "Delete" }) }, (values, action) => (
				action === "delete" ? write(path(name), "DELETE") : write(path(name ?? values.name), "PUT", values.text)), page.update);
		}

		const title = kind[0].toUpperCase() + kind.slice(1);
		return { search, read, element: h("section", { "aria-label": title },
			h("div.bar", h("h2", title), count, hasPages && search, button("Add", () => edit(), one)), rows.element, more) };
	}

	const secrets = ({ tokens, access_keys: keys, users }) => [...tokens.map((token) => ({ token })), ...keys, ...users].flatMap(Object.entries)
		.map(([name, value]) => [h("dt", name), h("dd", h("code", value), copyButton("Copy", () => value))]);

	const partners = records("partners", "name", { id: "", xaccount_type: "" }, [
		["Platform", "state", ({ xaccount_type }) => xaccount_type],
		["Account", "why", ({ id, credentials }) => [h("div", h("code", id)),
			h("details", h("summary", "Credentials"), h("dl.values", secrets(credentials)))]],
	]);
	const certificates = records("certificates", "number", { holder: null, verdict: "pass", blocked: false, used_by: [] }, [
		["Verdict", "state", ({ verdict, blocked }) => state(blocked ? "blocked" : verdict)],
		["Holder", "state", ({ holder }) => holder ?? quiet("any name")],
		["Used by", "why", ({ used_by: ids }) => [ids.slice(0, 5).map((id) => [h("code", id), " "]), ids.length > 5 && `and ${ids.length - 5} more`]],
	]);
	const customers = records("customers", "id", { partner: null, real_name: "unauthenticated", attempts: 0 }, [
		["Status", "state", ({ real_name, opinion }) => [state(real_name), opinion && quiet(opinion)]],
		["Attempts", "number", ({ attempts }) => `${attempts}`],
		["Partner", "why", ({ partner }) => partner ?? quiet("none")],
	]);
	const lists = [customers, partners, certificates];

	// Enter in the field means the first button.
	const turn = (label, change) => h("button", { value: JSON.stringify(change), formnovalidate: true }, label);
	const freeze = turn();
	const clock = form(async ({ set }, change) => {
		await write("clock", "PUT", change || { set });
		await page.update();
		page.refresh();
	}, h("div.bar",
		field("Time", { name: "set", required: true, placeholder: "2027-01-01T08:00:00Z", size: 20 }), h("button", "Set"),
		turn("+ 1 min", { advance: "1m" }), turn("+ 1 h", { advance: "1h" }), turn("+ 1 day", { advance: "1d" }), freeze,
		turn("Back to the machine's time", { reset: true })));

	page.content.append(
		h("div.bar", h("h1", "World"),
			button("Download as a scenario", async () => {
				const world = await page.json("world");
				download(`${world.name}.json`, pretty(world));
			}),
			button("Reset the space", () => ask("Reset the space?", "It begins again from its scenario, without its journal.", { reset: "Reset" },
				() => write("reset", "POST")))),
		h("h2", "Clock ", h("small.quiet", { "data-clock": true })), clock,
		...lists.map(({ element }) => element));
	page.keys = { "/": () => customers.search.select() };
	page.update = async () => {
		const { frozen } = await page.json("clock");
		freeze.value = JSON.stringify({ freeze: !frozen });
		freeze.textContent = frozen ? "Let it go on" : "Stop it";
		await Promise.all(lists.map(({ read }) => read()));
	};
	await page.update();
}
