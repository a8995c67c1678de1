// The shell: which view is shown, and what is above each of them.

import { call, keepToken, login } from "./api.js";
import { h } from "./dom.js";
import { ask } from "./forms.js";
import { journal } from "./journal.js";
import { openOutcomes } from "./outcomes.js";
import { openRequest } from "./request.js";
import { openRequests } from "./requests.js";
import { openScenario } from "./scenario.js";
import { openSpaces } from "./spaces.js";
import { openWorld } from "./world.js";

// A view fills `page.content`. Its path may take an `id`; one with a title is in the navigation. A new view is a row here.
const VIEWS = [
	{ path: "requests", title: "Requests", open: openRequests },
	{ path: "requests/:id", open: openRequest },
	{ path: "outcomes", title: "Outcomes", open: openOutcomes },
	{ path: "world", title: "World", open: openWorld },
	{ path: "scenario", title: "Scenario", open: openScenario },
	{ path: "scenario/:id", open: openScenario },
	{ path: "spaces", title: "Spaces", open: openSpaces },
];
const TITLED = VIEWS.filter(({ title }) => title);

const DEFAULT_SPACE = "default";
const STATES = { connecting: "connecting", live: "live", lost: "connection lost, trying again", gone: "no such space" };

const element = (id) => document.getElementById(id);
const [main, spaces, clock, live] = ["main", "space", "clock", "live"].map(element);
const nav = document.querySelector("nav");

/** What is shown, and what its view may use. */
class Page {
	#leave = new AbortController();
	signal = this.#leave.signal;
	content = h("div");
	keys = {};
	/** Reads again what the view shows; what was typed stays. Without it, the view begins again. */
	update = null;

	constructor(address) {
		const [path, query] = address.replace(/^#?\/?/, "").split("?");
		const [name, ...rest] = path.split("/");
		this.parameters = new URLSearchParams(query);
		this.space = this.parameters.get("space") ?? DEFAULT_SPACE;
		this.id = rest.join("/");
		this.view = VIEWS.find((view) => view.path === (this.id ? `${name}/:id` : name)) ?? VIEWS[0];
		this.name = this.view.path.split("/")[0];
	}

	/** The address of another page in the same space. */
	href(path, parameters = {}, space = this.space) {
		const all = { ...(space !== DEFAULT_SPACE && { space }), ...parameters };
		const query = new URLSearchParams(Object.entries(all).filter(([, value]) => value));
		return `#/${path}${query.size ? `?${query}` : ""}`;
	}

	/** Changes a parameter of the address; the view stays. */
	set(name, value) {
		this.parameters.set(name, value);
		const path = this.id ? `${this.name}/${this.id}` : this.name;
		history.replaceState(null, "", this.href(path, { ...Object.fromEntries(this.parameters), space: null }));
	}

	call(path, options) {
		return call(path, { space: this.space, signal: this.signal, ...options });
	}

	async json(path, options) {
		return (await this.call(path, options)).json();
	}

	/** Says a text to those who do not see it. Rarely. */
	announce(text) {
		element("announcer").textContent = text;
	}

	fail(error) {
		if (this.signal.aborted || error.name === "AbortError") return;
		this.content.querySelector(":scope > [role=alert]")?.remove();
		this.content.prepend(h("p.failed", { role: "alert" }, error.message));
	}

	refresh() {
		showSpaces(this);
		showClock(this);
	}

	leave() {
		this.#leave.abort();
	}
}

let page = null;

async function show() {
	takeToken();
	const isFirst = !page;
	page?.leave();
	const shown = (page = new Page(location.hash));
	for (const link of nav.children) {
		const name = link.dataset.view;
		link.href = page.href(name);
		link.ariaCurrent = name === page.name ? "page" : null;
	}
	document.title = `${TITLED.find(({ path }) => path === page.name).title} - bss-sim`;
	main.replaceChildren(page.content);
	journal.follow(page.space);
	try {
		shown.refresh();
		await shown.view.open(shown);
	} catch (error) {
		shown.content.replaceChildren(h("h1", "That did not work"));
		shown.fail(error);
	}
	// Readers of a screen begin at the heading of the new view.
	const heading = main.querySelector("h1");
	if (heading) heading.tabIndex = -1;
	if (!isFirst && shown === page && document.activeElement === document.body) heading?.focus();
}

/** Shows it again, after what has happened elsewhere. */
function renew() {
	if (!page.update) return show();
	page.refresh();
	return page.update();
}

/** Takes the control token out of the address `#token=…`, once. */
function takeToken() {
	if (!location.hash.startsWith("#token=")) return;
	keepToken(new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B")).get("token"));
	history.replaceState(null, "", "#");
}

async function showSpaces(page) {
	const list = (await page.json("spaces", { space: null })).spaces;
	const known = list.some(({ id }) => id === page.space) ? list : [{ id: page.space }, ...list];
	const option = ({ id, label, scenario }) => {
		const name = label ?? (id === DEFAULT_SPACE ? id : [scenario ?? "gone", id].join(" · "));
		return new Option(name, id, false, id === page.space);
	};
	spaces.replaceChildren(...known.map(option));
}

let ticking = 0;

async function showClock(page) {
	const { now, frozen, ahead_ms: ahead } = await page.json("clock");
	const [start, read] = [Date.parse(now), performance.now()];
	const seconds = Math.round(ahead / 1000);
	const shift = seconds && ` ${seconds < 0 ? "-" : "+"}${span(Math.abs(seconds))}`;
	const tick = () => {
		const time = new Date(frozen ? start : start + performance.now() - read).toISOString();
		clock.textContent = `${time.slice(11, 19)} UTC${shift || ""}${frozen ? " stopped" : ""}`;
		clock.title = `The clock of the space: ${time.slice(0, 10)}`;
		for (const date of document.querySelectorAll("[data-clock]")) date.textContent = `${time.slice(0, 10)} ${clock.textContent}`;
	};
	clearInterval(ticking);
	ticking = setInterval(tick, 1000);
	tick();
}

function span(seconds) {
	const parts = [["d", seconds / 86400], ["h", (seconds / 3600) % 24], ["m", (seconds / 60) % 60], ["s", seconds % 60]];
	return parts.filter(([, count]) => count >= 1).slice(0, 2).map(([unit, count]) => Math.floor(count) + unit).join(" ");
}

/** Asks for the control token, until a call passes with it. */
login.ask = (isWrong) => new Promise((resolve) => {
	const field = h("input", { type: "password", required: true, autocomplete: "off", autofocus: true });
	const close = () => {
		if (!field.value) return dialog.showModal();
		keepToken(field.value);
		dialog.remove();
		resolve();
	};
	const dialog = h("dialog", { "aria-label": "Control token", close },
		h("form", { method: "dialog" },
			h("h2", "Control token"),
			h("p", { role: isWrong && "alert" }, isWrong
				? "This token is not the right one."
				: "This simulator was started with a control token. It is kept in this tab only."),
			h("label", "Token ", field), " ", h("button", "Continue")));
	document.body.append(dialog);
	dialog.showModal();
});

const SHORTCUTS = [
	["/", "search"],
	["j, k", "the next and the previous row"],
	["Enter", "open the row"],
	["Esc", "back to the row"],
	[`1 to ${TITLED.length}`, "the views"],
	["?", "this list"],
];

const showShortcuts = () => ask("Keyboard", h("dl", SHORTCUTS.map(([key, effect]) => [h("dt", h("kbd", key)), h("dd", effect)])), {});

document.addEventListener("keydown", (event) => {
	const isText = event.target.matches("input, select, textarea");
	if (event.ctrlKey || event.metaKey || event.altKey || isText || document.querySelector("dialog[open]")) return;
	const view = TITLED[event.key - 1];
	const effect = view ? () => (location.hash = page.href(view.path)) : { "?": showShortcuts, ...page.keys }[event.key];
	if (!effect) return;
	event.preventDefault();
	effect();
});

let wasLost = false;
journal.addEventListener("state", () => {
	const { state } = journal;
	live.dataset.state = state;
	live.textContent = STATES[state];
	if (state !== "connecting") page.announce(STATES[state]);
	if (state === "live" && wasLost) renew();
	wasLost = state === "lost" || (wasLost && state !== "live");
});
addEventListener("unhandledrejection", (event) => {
	event.preventDefault();
	page.fail(event.reason);
});
journal.addEventListener("reset", renew);
let waiting = 0;
// What requests change is read again, but not all the time.
journal.addEventListener("change", () => {
	waiting ||= setTimeout(() => {
		waiting = 0;
		page.update?.();
	}, 1000);
});
spaces.addEventListener("change", () => (location.hash = page.href(page.name, {}, spaces.value)));
element("help").addEventListener("click", showShortcuts);
document.querySelector(".skip").addEventListener("click", (event) => {
	event.preventDefault();
	main.focus();
});
addEventListener("hashchange", show);

nav.append(...TITLED.map(({ path, title }) => h("a", { "data-view": path }, title)));
show();
