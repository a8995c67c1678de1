// Tables of records. A row stays as long as its record does, and with it the focus and what is open.

import { h } from "./dom.js";
import { journal } from "./journal.js";

/** How many milliseconds lie between two readings of what requests change. */
const PAUSE = 1000;

/** A column is a title, a class, and what shows a record. `key` names a record. */
export function table(caption, columns, key) {
  let rows = new Map();
  const body = h("tbody");
  const element = h("table", { class: "list" },
    h("caption", { class: "hidden" }, caption),
    h("thead", {}, h("tr", {}, columns.map(([title, name]) => h("th", { scope: "col", class: name }, title)))),
    body);
  const row = (record) => h("tr", {}, columns.map(([, name, show]) => h("td", { class: name }, show(record))));

  function show(records) {
    const focused = document.activeElement;
    const place = [...body.rows].findIndex((row) => row.contains(focused));
    rows = new Map(records.map((record) => {
      const [name, text] = [key(record), JSON.stringify(record)];
      const known = rows.get(name);
      return [name, known?.text === text ? known : { text, row: row(record) }];
    }));
    const shown = [...rows.values()].map(({ row }) => row);
    element.hidden = !shown.length;
    if (shown.length === body.rows.length && shown.every((row, index) => row === body.rows[index])) return;
    body.replaceChildren(...shown);
    if (place < 0) return;
    const next = focused.isConnected ? focused : shown[Math.min(place, shown.length - 1)]?.querySelector("a, button");
    (next ?? document.querySelector("h1")).focus();
  }
  return { element, show };
}

/** Reads again after requests, but not all the time. */
export function follow(page, read) {
  let timer = 0;
  const wait = () => (timer ||= setTimeout(() => {
    timer = 0;
    if (!page.signal.aborted) read();
  }, PAUSE));
  journal.addEventListener("change", wait, { signal: page.signal });
}
