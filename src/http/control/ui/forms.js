// Forms and dialogs. What is typed stays until it is taken.

import { h } from "./dom.js";

/** A form that shows beside itself why `send` was refused. `send` gets the values and the button. */
export function form(send, ...children) {
  const refusal = h("div", { role: "alert" });
  const element = h("form", { submit: async (event) => {
    event.preventDefault();
    refusal.replaceChildren();
    try {
      await send(Object.fromEntries(new FormData(element)), event.submitter);
    } catch (error) {
      refusal.replaceChildren(mistakes(error.mistakes ?? [error], element.querySelector("textarea")));
    }
  } }, children, refusal);
  return element;
}

/** Asks in a dialog: `fields`, and buttons by the name that `send` gets. When `send` has succeeded it closes, and `done` is called. */
export function ask(title, fields, buttons, send, done) {
  const dialog = h("dialog", { "aria-label": title, close: () => dialog.remove() },
    form(async (values, button) => {
      await send(values, button.value);
      dialog.close();
      await done?.();
    },
      h("h2", {}, title), fields,
      h("p", { class: "bar" },
        Object.entries(buttons).map(([value, label]) => h("button", { value, formnovalidate: value === "delete" }, label)),
        h("button", { type: "button", click: () => dialog.close() }, "Cancel"))));
  // Esc would lose what was typed.
  dialog.addEventListener("input", () => dialog.setAttribute("closedby", "none"));
  document.body.append(dialog);
  dialog.showModal();
}

export const field = (label, attributes) => h("label", {}, label, " ", h("input", { autocomplete: "off", spellcheck: "false", ...attributes }));

/** A field for the text of a program. */
export const textarea = (label, text, attributes) =>
  h("textarea", { "aria-label": label, spellcheck: "false", autocapitalize: "off", wrap: "off", ...attributes }, text);

/** Lists mistakes. One with a line is a button that leads to its place in the text. */
export const mistakes = (list, area) => h("ul", { class: "mistakes" }, list.map(({ line, column, key, path = key, message, hint }) => {
  const text = [path && h("code", {}, path, ": "), message, hint && ` - ${hint}`];
  const isPlaced = area && line;
  return h("li", {}, isPlaced ? h("button", { type: "button", click: () => goTo(area, line, column) }, h("b", {}, `${line}:${column}`), " ", text) : text);
}));

/** Moves the caret. Columns count characters. */
function goTo(area, line, column) {
  const lines = area.value.split("\n");
  const before = lines.slice(0, line - 1).join("\n").length + (line > 1);
  const place = before + [...(lines[line - 1] ?? "")].slice(0, column - 1).join("").length;
  area.focus();
  area.setSelectionRange(place, place);
  area.scrollTop = (area.scrollHeight / lines.length) * (line - 4);
}

/** Saves a text as a file of the reader. */
export function download(name, text) {
  const link = h("a", { href: URL.createObjectURL(new Blob([text])), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href));
}
