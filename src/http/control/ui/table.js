// Tables of records.

import { h } from "./dom.js";

export const head = (columns) => h("thead", h("tr", columns.map(([title, name]) => h(`${title ? "th" : "td"}.${name}`, title))));

/** A column is a title, a class, and what shows a record. Records that are the same stay, and the focus stays at its place. */
export function table(caption, columns) {
	let text = "";
	const body = h("tbody");
	const element = h("table.list",
		h("caption.hidden", caption),
		head(columns),
		body);

	function show(records) {
		if (text === (text = JSON.stringify(records))) return;
		const focused = document.activeElement;
		const place = [...body.rows].findIndex((row) => row.contains(focused));
		body.replaceChildren(...records.map((record) => h("tr", columns.map(([, name, show]) => h(`td.${name}`, show(record))))));
		element.hidden = !records.length;
		if (place < 0) return;
		const controls = [...(body.rows[Math.min(place, records.length - 1)] ?? document).querySelectorAll("a, button, h1")];
		(controls.find(({ ariaLabel }) => ariaLabel === focused.ariaLabel) ?? controls[0]).focus();
	}
	return { element, show };
}
