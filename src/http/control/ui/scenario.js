// A scenario: its file, what is wrong with it, and whether its exchanges get what they expect.

import { button, h } from "./dom.js";
import { pill } from "./entry.js";
import { download, mistakes, textarea } from "./forms.js";

const PAUSE = 300;

/** What was typed, by the name of the scenario. It outlives the view. */
const drafts = new Map();

export async function openScenario(page) {
	const [{ scenarios }, space] = await Promise.all([page.json("scenarios"), page.json(`spaces/${encodeURIComponent(page.space)}`)]);
	const own = scenarios.find(({ name }) => name === space.scenario)?.name ?? "default";
	const { name, description, yaml } = await page.json(`scenarios/${page.id || encodeURIComponent(own)}`);
	const area = textarea(`Scenario ${name}`, drafts.get(name) ?? yaml, { input: () => {
		drafts.set(name, area.value);
		clearTimeout(timer);
		timer = setTimeout(check, PAUSE);
	} });
	const select = h("select", { "aria-label": "Scenario", change: () => (location.hash = page.href(`scenario/${encodeURIComponent(select.value)}`)) },
		scenarios.map((scenario) => h("option", { selected: scenario.name === name }, scenario.name)));
	const [summary, results] = [h("h2"), h("div")];
	let [timer, newest] = [0, 0];

	/** An answer that is older than another is dropped. */
	async function check() {
		const mine = (newest += 1);
		const checked = await page.json("check", { method: "POST", body: area.value });
		if (mine === newest) show(checked);
	}

	function show({ mistakes: wrong, warnings = [], exchanges = [] }) {
		const failed = exchanges.filter(({ ok }) => !ok).length;
		say(wrong.length ? plural(wrong.length, "mistake")
			: `No mistakes, ${failed ? `${failed} of ` : ""}${plural(exchanges.length, "exchange")} ${failed ? "not " : ""}as expected`);
		results.replaceChildren(mistakes(wrong, area), warnings.length ? h("h3", "Warnings") : "", mistakes(warnings, area),
			h("ol", exchanges.map(exchange)));
	}

	function say(text) {
		if (!["", text].includes(summary.textContent)) page.announce(text);
		summary.textContent = text;
	}

	async function serve() {
		try {
			await page.call("world", { method: "PUT", body: area.value, signal: null });
			say("The space has begun again from this text");
		} catch (error) {
			if (!error.mistakes) throw error;
			show(error);
		}
	}

	page.content.append(
		h("div.bar", h("h1", "Scenario"), select,
			button("Serve it in this space", serve), button("Download", () => download(`${name}.yaml`, area.value))),
		h("p.quiet", description),
		h("div.sides", area, h("section", { "aria-label": "Results" }, summary, results)));
	// The text stays, whatever happens to the space.
	page.update = () => {};
	await check();
}

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

const answer = (word, answer) => answer && h("div", `${word} `, pill(answer), " ", h("code", answer.body && JSON.stringify(answer.body)));

const exchange = ({ ok, expected, got, why }) => h("li", h(`strong.${ok ? "good" : "failed"}`, ok ? "as expected" : "not as expected"),
	!ok && answer("expected", expected), answer(ok ? "" : "got", got), why && h("div.quiet", why));
