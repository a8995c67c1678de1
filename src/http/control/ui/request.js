// One request: first why it was answered so, then everything about it.

import { button, code, copyButton, fill, h } from "./dom.js";
import { outcome, pill } from "./entry.js";

const MASK = "***";

/** Headers that curl makes itself, or that say nothing where masked. */
const LEFT_OUT = ["accept", "accept-encoding", "authorization", "connection", "content-length", "host", "user-agent", "x-auth-token", "x-sdk-date"];

export async function openRequest(page) {
	const entry = await page.json(`journal/${encodeURIComponent(page.id)}`);
	const { request, response, checks, changes } = entry;
	const list = page.href("requests", { q: page.parameters.get("q") });
	const made = h("div", { "aria-live": "polite" });
	const show = (...parts) => made.replaceChildren(...parts);
	const action = (label, act) => button(label, () => act().catch(({ message }) => show(h("p", message))));
	const having = (result) => checks.filter((check) => check.result === result);
	page.keys = { Escape: () => (location.hash = list) };
	fill(page.content,
		h("p", h("a", { href: list }, "← Requests")),
		h("h1", pill(response), " ", outcome(entry)),
		h("p.reason", entry.outcome.why),
		having("failed").map((check) => [saw(check, entry.outcome.why), basis(check)]),
		h("p.quiet", `${entry.at.replace("T", " ").replace("Z", " UTC")} · ${entry.caller ?? "unknown caller"} · ${request.method} `, h("code", request.path)),
		h("div.bar",
			copyButton("Copy as curl", async () => {
				const line = await curl(page, entry);
				show(h("h2", "As curl"), code(line, "curl"));
				return line;
			}),
			copyButton("Copy the ID", () => entry.request_id),
			action("Explain again now", async () => show(...again(entry, await page.json("explain", { method: "POST", body: { request_id: entry.request_id } })))),
			action("Make it an exchange", async () => {
				const yaml = await (await page.call(`journal/${entry.request_id}?view=exchange`)).text();
				show(h("h2", "As an exchange of a scenario"), code(yaml, "Exchange"));
			})),
		made,
		h("h2", "Checks"),
		folded("Passed", having("passed")),
		folded("Not reached", having("not_reached")),
		h("h2", "Changes"),
		changes.length ? changes.map(change) : h("p.quiet", "This request changed nothing."),
		h("h2", "Request"),
		h("p", h("code", `${request.method} ${request.path}`)),
		h("details", h("summary", `Headers (${Object.keys(request.headers).length})`),
			h("dl", Object.entries(request.headers).map(([name, value]) => [h("dt", name), h("dd", h("code", value))]))),
		request.body === null ? h("p.quiet", "No body in JSON.") : code(pretty(request.body), "Body of the request"),
		h("h2", "Response"),
		h("p", pill(response), response.fault && ` No response: the connection was broken (${response.fault}).`),
		response.body === null ? null : code(pretty(response.body), "Body of the response"));
}

const pretty = (body) => (typeof body === "string" ? body : JSON.stringify(body, null, 2));

/** Whether a check is documented or assumed, and the words that say so. */
const basis = ({ basis, source }) => h("p",
	basis === "documented" ? [h("span.pill.good", basis), " ", h("q", source)]
		: [h("span.pill.broken", basis), ` ${source}`]);

function saw({ saw }, why) {
	const rest = saw?.split("\n").filter((line) => !why.includes(line)).join("\n");
	return rest && h("pre.check", rest);
}

const row = (check) => h("div.check", h("strong", check.check), h("p", check.saw), basis(check));

const folded = (title, checks) =>
	checks.length > 0 && h("details", h("summary", `${title} (${checks.length})`), checks.map(row));

function change({ customer, created, attempts, real_name }) {
	const arrow = (pair) => pair.join(" → ");
	return h("p", h("code", customer), created ? ": created" : [real_name && `: ${arrow(real_name)}`, `, attempts ${arrow(attempts)}`]);
}

function again(entry, now) {
	const isSame = outcome(now) === outcome(entry) && now.outcome.why === entry.outcome.why;
	return [h("h2", isSame ? "Now it would get the same answer" : "Now it would get another answer"),
		h("p", pill(now.response), " ", h("code", outcome(now))), h("p.reason", now.outcome.why)];
}

/** A command that sends it, with a token of this space. Masked values become placeholders like `<name>`. */
async function curl(page, { request, caller }) {
	const { partners } = await page.own();
	const partner = partners.find(({ name }) => name === caller) ?? partners[0];
	const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
	const fill = (name, value) => (value === MASK ? `<${name}>` : value);
	const headers = Object.entries(request.headers).filter(([name]) => !LEFT_OUT.includes(name.toLowerCase()));
	const parts = [
		`curl -i ${quote(location.origin + request.path)}`,
		request.method !== "POST" && `-X ${request.method}`,
		...[...headers, ["X-Auth-Token", partner?.token ?? MASK]].map(([name, value]) => `-H ${quote(`${name}: ${fill(name, value)}`)}`),
		request.body !== null && `-d ${quote(typeof request.body === "string" ? request.body : JSON.stringify(request.body, fill, 2))}`,
	];
	return parts.filter(Boolean).join(" \\\n  ");
}
