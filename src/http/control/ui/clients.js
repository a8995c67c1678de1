// How to point a client at a space: the endpoint, its credentials, and a few lines in several languages.

import { code, copyButton, h } from "./dom.js";

const PATH = "/v2/customers/realname-auths/individual";

const shell = (value) => `'${value.replaceAll("'", "'\\''")}'`;

/** A few lines by language, from `url`, `token`, `ak`, `sk` and `id` (of the account), which are in quotes, and `body`. */
const LANGUAGES = {
  curl: (it) => `curl -s ${it.raw.url}${PATH} \\
  -H 'Content-Type: application/json' \\
  -H ${shell(`X-Auth-Token: ${it.raw.token}`)} \\
  -d ${shell(it.body)}`,
  Python: (it) => `credentials = GlobalCredentials(${it.ak}, ${it.sk}, ${it.id})
client = BssintlClient.new_builder().with_credentials(credentials).with_endpoint(${it.url}).build()`,
  Java: (it) => `BssintlClient client = BssintlClient.newBuilder()
    .withCredential(new GlobalCredentials().withAk(${it.ak}).withSk(${it.sk}).withDomainId(${it.id}))
    .withEndpoint(${it.url})
    .build();`,
  Go: (it) => `credentials := global.NewCredentialsBuilder().
	WithAk(${it.ak}).WithSk(${it.sk}).WithDomainId(${it.id}).Build()
client := bssintl.NewBssintlClient(bssintl.BssintlClientBuilder().
	WithEndpoint(${it.url}).WithCredential(credentials).Build())`,
  "Node.js": (it) => `const response = await fetch(${it.url} + "${PATH}", {
  method: "POST",
  headers: { "Content-Type": "application/json", "X-Auth-Token": ${it.token} },
  body: JSON.stringify(${it.body}),
});
console.log(response.status, await response.json());`,
};

/** What stands for credentials that a partner does not have. */
const BLANK = { token: "TOKEN", ak: "AK", sk: "SK", id: "ACCOUNT" };

/** Shows it in an element. */
export async function showClients(page, place) {
	const [space, { outcomes }] = await Promise.all([
		page.json(`spaces/${encodeURIComponent(page.space)}`), page.json("catalog"),
	]);
	const sample = outcomes.find(({ outcome, ways }) => outcome.startsWith("is_review") && ways.request)?.ways.request;
	const partner = space.partners.find(({ name }) => name === sample?.as) ?? space.partners[0];
	const has = Object.fromEntries(Object.entries(partner ?? {}).filter(([, value]) => value !== null));
	const body = sample?.request ?? { customer_id: "CUSTOMER", identify_type: 0, xaccount_type: has.xaccount_type };
	// The control API may have an address of its own.
	const endpoint = h("input", { id: "endpoint", value: location.origin, input: () => showLines() });
	const language = h("select", { id: "language", change: () => showLines() }, Object.keys(LANGUAGES).map((name) => h("option", name)));
	const lines = h("div");
	function showLines() {
		const raw = { ...BLANK, ...has, url: endpoint.value };
		const quoted = Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, JSON.stringify(value)]));
		const it = { ...quoted, raw, body: JSON.stringify(body, null, 2) };
		lines.replaceChildren(code(LANGUAGES[language.value](it), `${language.value} example`));
	}
	showLines();
	const value = ([name, value]) => [
		h("dt", name),
		h("dd", value ? [h("code", value), copyButton("Copy", () => value)] : h("span.quiet", "none")),
	];
	place.replaceChildren(
		h("h2", "No request yet"),
		h("p", "Point a client here. Its requests show up in this place, each with the reason for its answer."),
		h("dl.values",
			h("dt", h("label", { for: "endpoint" }, "Endpoint")), h("dd", endpoint, copyButton("Copy", () => endpoint.value)),
			[["Token", has.token], ["AK", has.ak], ["SK", has.sk], ["xaccount_type", has.xaccount_type]].map(value)),
		h("p", h("label", "A client in ", language)),
		lines);
}
