// Every outcome that there is: whether it was met, and a button that makes it the next answer.

import { button, h } from "./dom.js";
import { pill } from "./entry.js";
import { field, form } from "./forms.js";
import { table } from "./table.js";

export async function openOutcomes(page) {
	const { outcomes, gateway, faults } = await page.json("catalog");
	const states = new Map();
	const progress = h("progress", { "aria-label": "Outcomes met" });
	const [count, none] = [h("p"), h("p.quiet", "None: the rules answer every request.")];
	const all = button("Remove all", () => change("scripted", "DELETE"));
	const armed = table("Armed answers, in the order in which they are tried", [
		["Answer", "name", ({ scripted: { then } }) => h("code", then?.map(words).join(", then ") ?? "as the rules say")],
		["For", "why", ({ scripted: { then, times, ...options } }) => words(options) || "every application"],
		["Uses left", "state", ({ left }) => `${left ?? "always"}`],
		["", "actions", ({ place }) => button("Remove", () => change(`scripted/${place}`, "DELETE"), `answer ${place + 1}`)],
	]);

	async function read() {
		const [{ met, of, outcomes }, { scripted }] = await Promise.all([page.json("coverage"), page.json("scripted")]);
		Object.assign(progress, { max: of, value: met });
		count.textContent = `${met} of ${of} met`;
		const last = new Map(outcomes.map((outcome) => [outcome.outcome, outcome.last_request_id]));
		const waiting = scripted.filter(({ left }) => left !== 0).map(({ scripted: { then } }) => JSON.stringify(then?.[0]));
		for (const [then, { element, outcome }] of states) {
			const id = last.get(outcome);
			element.replaceChildren(
				id ? h("a", { href: page.href("requests", { q: /\d$/.test(outcome) ? `code:"${outcome}"` : outcome }) }, "met") : last.has(outcome) ? "not yet" : "", " ",
				waiting.includes(then) ? h("span.pill.broken", "armed") : "");
		}
		armed.show(scripted);
		none.hidden = scripted.length;
		all.hidden = !scripted.length;
	}

	async function change(path, method, body) {
		await page.call(path, { method, body });
		await read();
	}

	function row({ outcome, status, text, causes, scenario, scripted }) {
		const name = status ? `${outcome} ${status}` : outcome;
		const element = h("span");
		states.set(JSON.stringify(scripted.then), { element, outcome });
		async function arm(script) {
			await change("scripted", "POST", script);
			page.announce(`${outcome} is armed`);
		}
		const options = form(({ times, delay, customer_id }) => arm({
			then: scripted.then, ...(times && { times: Number(times) }), ...(delay && { delay }), ...(customer_id && { when: { customer_id } }) }),
		h("div.bar",
			field("Times", { name: "times", type: "number", min: 1, value: 1, placeholder: "always" }),
			field("Delay", { name: "delay", placeholder: "none, or 2s", size: 9 }),
			field("customer_id", { name: "customer_id", placeholder: "any", size: 16 }),
			h("button", "Arm")));
		return [
			h("code", outcome),
			pill({ status }),
			[h("div", text), causes.map(({ check, basis, source }) => h("div.quiet", { title: source }, h("code", check), ` ${basis}`,
				scenario && [" · ", h("a", { href: page.href(`scenario/${scenario}`) }, scenario)])),
				h("details", h("summary", { "aria-label": `Options ${name}` }, "Options"), options)],
			element,
			button("Arm once", () => arm(scripted), name),
		];
	}

	function list(caption, rows) {
		const columns = [["Outcome", "name"], ["Status", "status"], ["Text, and what decides", "text"], ["Met", "state"], ["", "actions"]];
		const shown = table(caption, columns.map((column, index) => [...column, (cells) => cells[index]]));
		shown.show(rows);
		return shown.element;
	}

	const scripts = (title, check, rows) => h("details", h("summary", `${title} (${rows.length})`),
		list(title, rows.map((one) => row({ ...one, causes: [{ ...one, check }] }))));

	page.content.append(
		h("div.bar", h("h1", "Outcomes"), progress, count),
		list("Documented outcomes", outcomes.map((one) => row({ ...one, ...one.ways }))),
		scripts("Answers of the gateway", "gateway", gateway),
		scripts("Faults of the connection", "connection", faults),
		h("div.bar", h("h2", "Armed"), all), none, armed.element);
	page.update = read;
	await read();
}

/** What an object says, in a few words and without defaults: `CBC.0999`, `is_review 1`, `fault reset`. */
const words = (object) => Object.entries(object).map(([key, value]) => [key, typeof value === "object" ? JSON.stringify(value) : value])
	.filter(([key, text]) => text !== "{}" && !(key === "probability" && text === 1))
	.map(([key, text]) => (["error_code", "gateway"].includes(key) ? text : `${key} ${text}`)).join(" ");
