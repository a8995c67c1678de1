// Elements. Text is always text: no string becomes markup.

/**
 * Makes an element: `h("p.quiet", { id: "x" }, "text")`, where classes and attributes may be left out. A function among the
 * attributes listens to the event of its name; `true` is an attribute without a value.
 */
export function h(name, ...children) {
	const [tag, ...classes] = name.split(".");
	const element = document.createElement(tag);
	if (classes.length) element.className = classes.join(" ");
	const attributes = children[0]?.constructor === Object ? children.shift() : {};
	for (const [name, value] of Object.entries(attributes)) {
		if (typeof value === "function") element.addEventListener(name, value);
		else if (value != null && value !== false) element.setAttribute(name, value === true ? "" : value);
	}
	return fill(element, ...children);
}

/** Adds children to an element: texts, elements, and lists of them. `null`, `false` and `""` are none. */
export function fill(element, ...children) {
	element.append(...children.flat(Infinity).filter((child) => child || child === 0));
	return element;
}

/** A button. `name` says what it is about, where that is to be seen only by its place. */
export const button = (label, click, name) => h("button", { type: "button", click, "aria-label": name && `${label} ${name}` }, label);

export function copyButton(label, text) {
	const copying = button(label, async () => {
		const isCopied = await copy(await text());
		copying.textContent = isCopied ? "Copied" : "Select it and copy";
		setTimeout(() => (copying.textContent = label), 2000);
	});
	return copying;
}

async function copy(text) {
	// Browsers have the clipboard only for HTTPS and localhost.
	if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
	const field = h("textarea", text);
	const focused = document.activeElement;
	document.body.append(field);
	field.select();
	const isCopied = document.execCommand("copy");
	field.remove();
	focused?.focus();
	return isCopied;
}

export function code(text, name) {
	return h("div.code", copyButton("Copy", () => text),
		h("pre", { tabindex: 0, role: "region", "aria-label": name }, text));
}
