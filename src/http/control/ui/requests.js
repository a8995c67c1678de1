// The requests of a space, live, the newest first.

import { showClients } from "./clients.js";
import { button, h } from "./dom.js";
import { customer, outcome, pill, time } from "./entry.js";
import { journal, PAGE } from "./journal.js";
import { KEYS, matches, parse } from "./query.js";
import { head } from "./table.js";

const QUIET = 5000;

const COLUMNS = [
	["Time (UTC)", "time", (entry, link) => h("a", { href: link(entry) }, time(entry))],
	["Status", "status", ({ response }) => pill(response)],
	["Outcome", "outcome", outcome],
	["Why", "why", (entry) => entry.outcome.why],
	["Customer", "customer", customer],
	["Caller", "caller", ({ caller }) => caller],
	["Request", "request", ({ request }) => `${request.method} ${request.path.replace(/^.{24,}(?=\/.)/, "…")}`],
];

const WHOLE = { why: (entry) => entry.outcome.why, customer, request: ({ request }) => request.path };

/** The number of the entry that was opened last: who comes back finds its row. */
let opened = null;

export function openRequests(page) {
	const rows = new Map();
	let terms = [];
	const search = h("input", {
		type: "search", id: "search", value: page.parameters.get("q") ?? "", autocomplete: "off",
		placeholder: "status:4 -code:CBC.0100 customer:c-1 text", "aria-describedby": "keys",
		input: () => {
			page.set("q", search.value);
			find();
		},
		keydown: (event) => event.key === "Escape" && !search.value && search.blur(),
	});
	const clear = button("Clear the journal", async () => {
		await page.call("journal", { method: "DELETE" });
		search.focus();
	});
	const count = h("p.quiet");
	const body = h("tbody");
	const table = h("table.requests",
		h("caption.hidden", "Requests, the newest first"),
		head(COLUMNS),
		body);
	const rest = h("div");
	page.content.append(
		h("div.bar",
			h("h1", "Requests"),
			h("label.search", h("span.hidden", "Search"), search), clear),
		h("p.hidden", { id: "keys" }, `Text, or ${KEYS.map((key) => `${key}:`).join(" ")} and its beginning. A minus excludes.`),
		count, table, rest);

	const link = ({ request_id }) => page.href(`requests/${request_id}`, { q: search.value });

	function row(entry) {
		const open = (event) => {
			opened = entry.number;
			const isLink = event.target.closest("a");
			if (!isLink && !String(getSelection())) location.hash = link(entry);
		};
		return h("tr", { click: open },
			COLUMNS.map(([, name, show]) => h(`td.${name}`, { title: WHOLE[name]?.(entry) }, show(entry, link))));
	}

	function find() {
		terms = parse(search.value);
		rows.clear();
		body.replaceChildren();
		render();
	}

	/** Adds the rows of new entries, and takes away those of entries that have gone. */
	function render() {
		const { entries, earlier } = journal;
		const found = entries.filter((entry) => rows.has(entry.number) || matches(terms, entry));
		const shown = found.slice(0, PAGE);
		const numbers = new Set(shown.map(({ number }) => number));
		for (const [number, row] of rows) {
			if (numbers.has(number)) continue;
			row.remove();
			rows.delete(number);
		}
		let before = body.firstChild;
		for (const entry of shown) {
			const known = rows.get(entry.number);
			if (known) {
				before = known.nextSibling;
				continue;
			}
			const added = row(entry);
			rows.set(entry.number, added);
			body.insertBefore(added, before);
		}
		const total = entries.length + earlier;
		const isEmpty = total === 0;
		table.hidden = !shown.length;
		count.hidden = clear.hidden = isEmpty;
		count.textContent = summary(shown.length, found.length, total, earlier, terms.length > 0);
		showRest(isEmpty, found.length, earlier);
	}

	let shownRest = null;

	/** What stands below the rows changes seldom, and keeps the focus until then. */
	function showRest(isEmpty, found, earlier) {
		const wanted = isEmpty ? journal.state === "live" && "clients" : terms.length && earlier ? "earlier" : !found && "none";
		if (wanted === shownRest) return;
		shownRest = wanted;
		rest.replaceChildren();
		if (wanted === "clients") showClients(page, rest);
		if (wanted === "earlier") rest.append(button(`Search ${PAGE} earlier requests`, () => journal.loadEarlier()));
		if (wanted === "none") rest.append(h("p", "No request matches the search."));
	}

	const newest = () => journal.entries[0]?.number ?? 0;
	let announced = newest();
	let timer = null;

	function announce() {
		if (journal.state !== "live") announced = newest();
		if (newest() <= announced) return;
		timer ??= setTimeout(() => {
			timer = null;
			const count = newest() - announced;
			announced = newest();
			if (count > 0 && !page.signal.aborted) page.announce(`${count} new request${count === 1 ? "" : "s"}`);
		}, QUIET);
	}

	function move(by) {
		const links = [...body.querySelectorAll("a")];
		const at = links.indexOf(document.activeElement);
		links[at < 0 ? 0 : at + by]?.focus();
	}

	page.keys = { "/": () => search.select(), j: () => move(1), k: () => move(-1) };
	for (const event of ["change", "state"]) {
		journal.addEventListener(event, () => (render(), announce()), { signal: page.signal });
	}
	find();
	rows.get(opened)?.querySelector("a").focus();
	opened = null;
}

function summary(shown, found, total, earlier, isSearch) {
	const of = isSearch ? `${found} of ${total - earlier} requests match` : `${total} request${total === 1 ? "" : "s"}`;
	const newest = shown < found || (!isSearch && earlier) ? `, the newest ${shown} are shown` : "";
	const unread = isSearch && earlier ? `, ${earlier} earlier ones were not searched` : "";
	return `${of}${newest}${unread}.`;
}
