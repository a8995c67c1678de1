// Every outcome that there is: whether it was met, and a button that makes it the next answer.

import { h } from "./dom.js";
import { pill } from "./entry.js";
import { field, form } from "./forms.js";
import { follow, table } from "./table.js";

export async function openOutcomes(page) {
  const catalog = await page.json("catalog");
  /** What shows the state of an outcome, by the text of its answer. */
  const states = new Map();
  const progress = h("progress", { "aria-label": "Outcomes met" });
  const count = h("p");
  const armed = table("Armed answers, in the order in which they are tried", [
    ["Answer", "name", ({ scripted: { then = [] } }) => h("code", {}, then.map(answerText).join(", then ") || "by the rules")],
    ["For", "why", ({ scripted: { when, probability } }) => [
      Object.keys(when).length ? h("code", {}, JSON.stringify(when)) : "every application", probability < 1 && `, ${probability * 100} %`]],
    ["Delay", "state", ({ scripted: { delay } }) => delay && (delay.min ? `${delay.min} to ${delay.max}` : delay)],
    ["Uses left", "state", ({ left, used }) => (left === 0 ? h("span", { class: "quiet" }, "used up") : `${left ?? "always"}${used ? `, ${used} used` : ""}`)],
    ["", "actions", ({ place, scripted: { then = [] } }) => h("button", { type: "button", "aria-label": `Remove ${then.map(answerText)}`, click: () => change(`scripted/${place}`, { method: "DELETE" }) }, "Remove")],
  ], ({ place }) => place);
  const none = h("p", { class: "quiet" }, "None. The rules answer every request.");
  const all = h("button", { type: "button", click: () => change("scripted", { method: "DELETE" }) }, "Remove all");

  async function read() {
    const [coverage, { scripted }] = await Promise.all([page.json("coverage"), page.json("scripted")]);
    progress.max = coverage.of;
    progress.value = coverage.met;
    count.textContent = `${coverage.met} of ${coverage.of} met`;
    const met = new Map(coverage.outcomes.map((outcome) => [outcome.outcome, outcome]));
    const waiting = new Set(scripted.filter(({ left }) => left !== 0).map(({ scripted }) => JSON.stringify(scripted.then?.[0])));
    for (const [then, { element, outcome }] of states) {
      const { last_request_id: last } = met.get(outcome) ?? {};
      element.replaceChildren(...[
        waiting.has(then) && h("span", { class: "pill broken" }, "armed"),
        last ? h("a", { href: page.href(`requests/${last}`) }, "met") : met.has(outcome) && h("span", { class: "quiet" }, "not yet"),
      ].filter(Boolean));
    }
    armed.show(scripted);
    none.hidden = scripted.length;
    all.hidden = !scripted.length;
  }

  async function change(path, options) {
    await page.call(path, options);
    await read();
  }

  async function arm(name, script) {
    await change("scripted", { method: "POST", body: script });
    page.announce(`${name} is armed`);
  }

  /** How often, when and for whom. */
  const options = (name, script) => form(async ({ times, delay, customer_id }) => {
    await arm(name, { then: script.then, ...(times && { times: Number(times) }), ...(delay && { delay }), ...(customer_id && { when: { customer_id } }) });
  },
    h("div", { class: "bar" },
      field("Times", { name: "times", type: "number", min: 1, value: 1, placeholder: "always" }),
      field("Delay", { name: "delay", placeholder: "such as 2s", size: 8 }),
      field("customer_id", { name: "customer_id", placeholder: "any", size: 16 }),
      h("button", {}, "Arm")));

  function row({ outcome, status, text, causes, scenario, scripted }) {
    const name = outcome.startsWith("APIGW") ? `${outcome} ${status}` : outcome;
    const element = h("span");
    states.set(JSON.stringify(scripted.then), { element, outcome });
    const place = h("div");
    const more = h("button", { type: "button", "aria-expanded": "false", "aria-label": `More: ${name}`, click: () => {
      const isOpen = place.hasChildNodes();
      place.replaceChildren(...(isOpen ? [] : [options(name, scripted)]));
      more.ariaExpanded = String(!isOpen);
      place.querySelector("input")?.focus();
    } }, "More");
    return { name, cells: [
      h("code", {}, outcome), pill({ status }),
      [text, causes.map(({ check, basis, source }) => h("div", { class: "quiet", title: source },
        check && [h("code", {}, check), " · "], basis)), scenario && h("a", { href: page.href(`scenario/${scenario}`) }, scenario), place],
      element,
      [h("button", { type: "button", "aria-label": `Arm once: ${name}`, click: () => arm(name, scripted) }, "Arm once"), more],
    ] };
  }

  function list(caption, rows) {
    const cells = new Map(rows.map((row) => [row, row.cells]));
    const { element, show } = table(caption,
      [["Outcome", "name"], ["Status", "status"], ["What it says, and what decides", "why"], ["Met", "state"], ["", "actions"]]
        .map(([title, name], index) => [title, name, (row) => cells.get(row)[index]]),
      ({ name }) => name);
    show(rows);
    return element;
  }

  const scripts = (title, outcomes) => h("details", {}, h("summary", {}, `${title} (${outcomes.length})`),
    list(title, outcomes.map(({ basis, source, ...outcome }) => row({ ...outcome, causes: [{ basis, source }] }))));

  page.content.append(
    h("div", { class: "bar" }, h("h1", { tabindex: -1 }, "Outcomes"), progress, count),
    list("Documented outcomes", catalog.outcomes.map(({ ways, ...outcome }) => row({ ...outcome, ...ways }))),
    scripts("Answers of the gateway", catalog.gateway),
    scripts("Faults of the connection", catalog.faults),
    h("div", { class: "bar" }, h("h2", { tabindex: -1 }, "Armed"), all),
    none, armed.element);
  page.update = read;
  follow(page, read);
  await read();
}

/** A step of a scripted answer in a few words. */
const answerText = ({ fault, error_code, fail_check_items: items, is_review, gateway, status, raw }) => [
  fault && `fault ${fault}`, error_code, items?.join(" "), is_review !== undefined && `is_review ${is_review}`, gateway, status, raw && `raw ${raw.status}`,
].filter(Boolean).join(" ");
