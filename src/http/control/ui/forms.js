// Forms and dialogs. What is typed stays until it is taken.

import { button, h } from "./dom.js";

/** A form that shows why `send`, which gets the values and that of the button, was refused. */
export function form(send, ...children) {
	const refusal = h("div", { role: "alert" });
	const element = h("form", { submit: async (event) => {
		event.preventDefault();
		refusal.replaceChildren();
		try {
			await send(Object.fromEntries(new FormData(element)), event.submitter.value);
		} catch (error) {
			refusal.replaceChildren(mistakes(error.mistakes ?? [error], element.querySelector("textarea")));
		}
	} }, children, refusal);
	return element;
}

/**
 * Asks in a dialog: fields, and labels of buttons by what `send` gets. When that has succeeded it closes, and `done` is called.
 * Esc does not close what was typed in.
 */
export function ask(title, fields, buttons, send, done) {
	const submit = async (values, action) => {
		await send(values, action);
		dialog.close();
		await done?.();
	};
	const dialog = h("dialog", { "aria-label": title, close: () => dialog.remove(), input: () => dialog.setAttribute("closedby", "none") },
		form(submit, h("h2", title), fields, h("p.bar",
			Object.entries(buttons).map(([value, label]) => h("button", { value }, label)), button("Close", () => dialog.close()))));
	document.body.append(dialog);
	dialog.showModal();
}

export const field = (label, attributes) => h("label", label, " ", h("input", { autocomplete: "off", ...attributes }));

export const textarea = (label, text, attributes) => h("textarea", { "aria-label": label, wrap: "off", ...attributes }, text);

/** Lists mistakes. One with a line is a button that leads to its place in the text. */
export const mistakes = (list, area) => h("ul.mistakes", list.map(({ line, column, key, path = key, message, hint }) => {
	const text = [path && h("code", path, ": "), message, hint && ` - ${hint}`];
	return h("li", area && line ? button([h("b", `${line}:${column} `), text], () => goTo(area, line, column)) : text);
}));

function goTo(area, line, column) {
	const lines = area.value.split("\n");
	const before = lines.splice(0, line - 1).map((line) => `${line}\n`);
	const place = before.join("").length + [...(lines[0] ?? "")].slice(0, column - 1).join("").length;
	area.focus();
	area.setSelectionRange(place, place);
	area.scrollTop = (area.scrollHeight / (before.length + lines.length)) * (line - 4);
}

export function download(name, text) {
	const link = h("a", { href: URL.createObjectURL(new Blob([text])), download: name });
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href));
}
