// What is in a space: its clock, customers, partners and certificates.

import { copyButton, h } from "./dom.js";
import { ask, download, field, form, textarea } from "./forms.js";
import { follow, table } from "./table.js";

/** How many records are read at a time. */
const PAGE = 50;

const STATES = { authenticated: "good", under_review: "broken", rejected: "failed", pass: "good", fail: "failed", blocked: "failed" };
const state = (word) => h("span", { class: `pill ${STATES[word] ?? "quiet"}` }, word.replace("_", " "));
const codes = (texts) => texts.map((text) => [h("code", {}, text), " "]);
const pretty = (value) => JSON.stringify(value, null, 2);

export async function openWorld(page) {
  const write = (path, method, body) => page.call(path, { method, body, signal: null });
  const button = (label, click, name) => h("button", { type: "button", click, "aria-label": name && `${label} ${name}` }, label);

  function records({ kind, one, key, sample, isPaged, columns }) {
    let limit = PAGE;
    const path = (name) => `${kind}/${encodeURIComponent(name)}`;
    const search = field(`Search ${kind}`, { type: "search", input: () => {
      limit = PAGE;
      read();
    } });
    const input = search.querySelector("input");
    const refusal = h("p", { role: "alert", class: "failed" });
    const count = h("p", { class: "quiet" });
    const more = button(`${PAGE} more`, () => {
      limit += PAGE;
      read();
    });
    const rows = table(kind, [...columns, ["", "actions", (record) => [
      record.real_name === "under_review" && [
        button("Approve", () => approve(record.id), record.id),
        button("Reject", () => ask(`Reject ${record.id}`, h("label", {}, "Opinion ", h("textarea", { name: "opinion" })), { reject: "Reject" },
          ({ opinion }) => write(`${path(record.id)}/review`, "POST", { decision: "reject", ...(opinion && { opinion }) }), page.update), record.id)],
      button("Edit", () => edit(record[key]), record[key]),
    ]]], (record) => record[key]);
    const element = h("section", { "aria-label": kind },
      h("div", { class: "bar" }, h("h2", {}, kind[0].toUpperCase() + kind.slice(1)), count, isPaged && search, button("Add", () => edit(), one)),
      refusal, rows.element, more);
    let newest = 0;

    async function read() {
      const mine = (newest += 1);
      const query = new URLSearchParams(isPaged ? { limit, search: input.value } : {});
      const answer = await page.json(`${kind}?${query}`);
      if (mine !== newest) return;
      const { total = answer[kind].length } = answer;
      rows.show(answer[kind]);
      more.hidden = !answer.next;
      count.textContent = answer.next ? `${limit} of ${total.toLocaleString("en")}` : total.toLocaleString("en");
    }

    async function approve(id) {
      refusal.textContent = "";
      await write(`${path(id)}/review`, "POST", { decision: "approve" }).catch(({ message }) => (refusal.textContent = message));
      await page.update();
    }

    /** Credentials stay as they are, and are not shown, unless the text has them. */
    async function edit(name) {
      const { [key]: _, credentials, ...record } = name === undefined ? await sample() : await page.json(path(name));
      const text = textarea(`JSON of the ${one}`, pretty(record), { name: "text", rows: 12 });
      ask(name === undefined ? `Add a ${one}` : `Edit ${name}`,
        [name === undefined && h("p", {}, field(key, { name: "name", required: true })), text,
          credentials && h("p", { class: "quiet" }, "Its credentials stay, unless you write new ones.")],
        { save: "Save", ...(name !== undefined && { delete: "Delete" }) },
        (values, action) => (action === "delete" ? write(path(name), "DELETE") : write(path(name ?? values.name), "PUT", values.text)),
        page.update);
    }

    return { element, read, find: (text) => {
      input.value = text;
      input.focus();
      read();
    } };
  }

  const customers = records({
    kind: "customers", one: "customer", key: "id", isPaged: true,
    sample: async () => ({ partner: (await page.json("partners")).partners[0]?.name ?? null, real_name: "unauthenticated", attempts: 0 }),
    columns: [
      ["ID", "name", ({ id }) => h("code", {}, id)],
      ["Status", "state", ({ real_name, opinion }) => [state(real_name), opinion && h("div", { class: "quiet" }, opinion)]],
      ["Attempts", "number", ({ attempts }) => `${attempts}`],
      ["Partner", "why", ({ partner, partner_program }) => [partner ?? h("span", { class: "quiet" }, "none"), partner_program && " · in a partner program"]],
      ["Certificates", "state", ({ id }) => button("Show", () => certificates.find(id), `certificates of ${id}`)],
    ],
  });
  const partners = records({
    kind: "partners", one: "partner", key: "name", sample: () => ({ id: "", xaccount_type: "" }),
    columns: [
      ["Name", "name", ({ name }) => h("code", {}, name)],
      ["Platform", "state", ({ xaccount_type }) => h("code", {}, xaccount_type)],
      ["Account and credentials", "why", ({ id, credentials: { tokens, access_keys: keys, users } }) => [h("code", {}, id), h("details", {},
        h("summary", {}, "Credentials"),
        h("dl", { class: "values" }, [
          ...tokens.map((token) => ["Token", token]),
          ...keys.flatMap(({ ak, sk }) => [["AK", ak], ["SK", sk]]),
          ...users.flatMap(({ name, password }) => [["User", name], ["Password", password]]),
        ].map(([name, value]) => [h("dt", {}, name), h("dd", {}, h("code", {}, value), copyButton("Copy", () => value))])))]],
      ["Not as usual", "state", ({ real_name, photo_upload, bucket }) => [
        real_name === "unauthenticated" && state(real_name), !photo_upload && "no photo upload ", !bucket.authorized && "bucket not authorized"]],
    ],
  });
  const certificates = records({
    kind: "certificates", one: "certificate", key: "number", isPaged: true,
    sample: () => ({ holder: null, verdict: "pass", blocked: false, used_by: [] }),
    columns: [
      ["Number", "name", ({ number }) => h("code", {}, number)],
      ["Verdict", "state", ({ verdict, blocked }) => state(blocked ? "blocked" : verdict)],
      ["Holder", "state", ({ holder }) => holder ?? h("span", { class: "quiet" }, "any name")],
      ["Used by", "why", ({ used_by: ids }) => [codes(ids.slice(0, 5)), ids.length > 5 && `and ${ids.length - 5} more`]],
    ],
  });
  const lists = [customers, partners, certificates];

  /** A button that changes the clock. Enter in the field of the time means the first one. */
  const turn = (label, change) => h("button", { value: JSON.stringify(change), formnovalidate: true }, label);
  const freeze = turn("", {});
  const time = form(async ({ set }, { value }) => {
    await write("clock", "PUT", value ? JSON.parse(value) : { set });
    await page.update();
    page.refresh();
  }, h("div", { class: "bar" },
    field("Time", { name: "set", required: true, placeholder: "2027-01-01T08:00:00Z", size: 20 }), h("button", {}, "Set"),
    turn("+ 1 min", { advance: "1m" }), turn("+ 1 h", { advance: "1h" }), turn("+ 1 day", { advance: "1d" }), freeze,
    turn("Back to the machine's time", { reset: true })));

  async function readClock() {
    const { frozen } = await page.json("clock");
    freeze.value = JSON.stringify({ freeze: !frozen });
    freeze.textContent = frozen ? "Let it go on" : "Stop it";
  }

  page.content.append(
    h("div", { class: "bar" }, h("h1", { tabindex: -1 }, "World"),
      button("Download as a scenario", async () => {
        const world = await page.json("world");
        download(`${world.name}.json`, pretty(world));
      }),
      button("Reset the space", () => ask("Reset the space?",
        h("p", {}, "It begins again from its scenario: customers, certificates, armed answers, clock and journal."), { reset: "Reset" },
        () => write("reset", "POST")))),
    h("h2", {}, "Clock ", h("small", { class: "quiet", "data-clock": true })), time,
    lists.map(({ element }) => element));
  page.keys = { "/": () => customers.element.querySelector("input").focus() };
  const read = () => Promise.all(lists.map(({ read }) => read()));
  page.update = () => Promise.all([read(), readClock()]);
  follow(page, read);
  await page.update();
}
