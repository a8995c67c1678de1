// A scenario: its file, what is wrong with it, and whether its exchanges get what they expect.

import { h } from "./dom.js";
import { pill } from "./entry.js";
import { download, mistakes, textarea } from "./forms.js";

/** How many milliseconds of silence end what is typed. */
const PAUSE = 300;

/** What was typed, by the name of the scenario. It outlives the view. */
const drafts = new Map();

export async function openScenario(page) {
  const [{ scenarios }, { scenario }] = await Promise.all([page.json("scenarios"), page.json(`spaces/${encodeURIComponent(page.space)}`)]);
  const own = scenarios.some(({ name }) => name === scenario) ? scenario : "default";
  const { name, description, yaml } = await page.json(`scenarios/${encodeURIComponent(page.id || own)}`);
  const text = yaml ?? "";
  const area = textarea(`Scenario ${name}`, drafts.get(name) ?? text, { id: "file", input: () => {
    drafts.set(name, area.value);
    check();
  } });
  const select = h("select", { change: () => (location.hash = page.href(`scenario/${encodeURIComponent(select.value)}`)) },
    scenarios.map((scenario) => h("option", { selected: scenario.name === name }, scenario.name)));
  const original = h("button", { type: "button", click: () => {
    area.value = text;
    drafts.delete(name);
    check();
  } }, "Undo all");
  const summary = h("h2");
  const results = h("div");
  let [timer, newest] = [0, 0];

  const say = (text) => {
    if (summary.textContent) page.announce(text);
    summary.textContent = text;
  };

  /** Checks what has been typed, when there is a pause. An older answer is dropped. */
  function check() {
    const mine = (newest += 1);
    original.hidden = area.value === text;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const checked = await page.json("check", { method: "POST", body: area.value });
      if (mine === newest) show(checked);
    }, summary.textContent ? PAUSE : 0);
  }

  function show({ mistakes: wrong, warnings, exchanges }) {
    const failed = exchanges.filter(({ ok }) => !ok).length;
    say(wrong.length ? plural(wrong.length, "mistake")
      : failed ? `${failed} of ${plural(exchanges.length, "exchange")} not as expected`
        : exchanges.length ? `No mistakes, and ${plural(exchanges.length, "exchange")} as expected` : "No mistakes, and no exchanges");
    results.replaceChildren(mistakes(wrong, area), ...(warnings.length ? [h("h3", {}, "Warnings"), mistakes(warnings, area)] : []),
      h("ol", { class: "exchanges" }, exchanges.map(exchange)));
  }

  const serve = h("button", { type: "button", click: async () => {
    try {
      await page.call("world", { method: "PUT", body: area.value, signal: null });
      say("The space begins again from this text");
    } catch (error) {
      if (!error.mistakes) throw error;
      show({ mistakes: error.mistakes, warnings: [], exchanges: [] });
    }
  } }, "Serve it in this space");

  page.content.append(
    h("div", { class: "bar" }, h("h1", { tabindex: -1 }, "Scenario"), h("label", {}, h("span", { class: "hidden" }, "Scenario "), select),
      serve, h("button", { type: "button", click: () => download(`${name}.yaml`, area.value) }, "Download"), original),
    h("p", { class: "quiet" }, description),
    h("div", { class: "sides" }, area, h("section", { "aria-label": "Results" }, summary, results)));
  // The text stays, whatever happens to the space.
  page.update = () => {};
  check();
}

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

const answer = (word, answer) => answer && h("div", {}, h("span", { class: "quiet" }, `${word} `), pill(answer), " ",
  answer.body !== null && h("code", {}, JSON.stringify(answer.body)));

const exchange = ({ ok, expected, got, why }) => h("li", {},
  h("strong", { class: ok ? "good" : "failed" }, ok ? "as expected" : "not as expected"),
  ok ? [" ", got && pill(got)] : [answer("expected", expected), answer("got", got)],
  why && h("div", {}, why));
