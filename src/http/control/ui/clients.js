// How to point a client at a space: the endpoint, its credentials, and a few lines in several languages.

import { code, copyButton, h } from "./dom.js";

const PATH = "/v2/customers/realname-auths/individual";

const text = (value) => JSON.stringify(value);
const json = ({ body }) => JSON.stringify(body, null, 2);
const fields = ({ body }) => Object.entries(body).map(([name, value]) => `    ${name}=${text(value)},`).join("\n");
const shell = (value) => `'${value.replaceAll("'", "'\\''")}'`;

/** A few lines by language, from `url`, `token`, `ak`, `sk`, `id` (of the account) and `body`. */
const LANGUAGES = {
  curl: (it) => `curl -s ${it.url}${PATH} \\
  -H 'Content-Type: application/json' \\
  -H ${shell(`X-Auth-Token: ${it.token}`)} \\
  -d ${shell(json(it))}`,
  Python: (it) => `from huaweicloudsdkcore.auth.credentials import GlobalCredentials
from huaweicloudsdkbssintl.v2 import ApplyIndividualRealnameAuthsReq, BssintlClient, CreatePersonalRealnameAuthRequest

credentials = GlobalCredentials(${text(it.ak)}, ${text(it.sk)})
client = BssintlClient.new_builder().with_credentials(credentials).with_endpoint(${text(it.url)}).build()
application = ApplyIndividualRealnameAuthsReq(
${fields(it)}
)
print(client.create_personal_realname_auth(CreatePersonalRealnameAuthRequest(application)))`,
  Java: (it) => `BssintlClient client = BssintlClient.newBuilder()
    .withCredential(new GlobalCredentials().withAk(${text(it.ak)}).withSk(${text(it.sk)}).withDomainId(${text(it.id)}))
    .withEndpoint(${text(it.url)})
    .build();`,
  Go: (it) => `credentials := global.NewCredentialsBuilder().
	WithAk(${text(it.ak)}).WithSk(${text(it.sk)}).WithDomainId(${text(it.id)}).Build()
client := bssintl.NewBssintlClient(bssintl.BssintlClientBuilder().
	WithEndpoint(${text(it.url)}).WithCredential(credentials).Build())`,
  "Node.js": (it) => `const response = await fetch(${text(it.url + PATH)}, {
  method: "POST",
  headers: { "Content-Type": "application/json", "X-Auth-Token": ${text(it.token)} },
  body: JSON.stringify(${json(it)}),
});
console.log(response.status, await response.json());`,
  PHP: (it) => `$client = BssintlClient::newBuilder()
    ->withCredentials(new GlobalCredentials(${text(it.ak)}, ${text(it.sk)}, ${text(it.id)}))
    ->withEndpoint(${text(it.url)})
    ->build();`,
  "C#": (it) => `var client = BssintlClient.NewBuilder()
    .WithCredential(new GlobalCredentials(${text(it.ak)}, ${text(it.sk)}, ${text(it.id)}))
    .WithEndPoint(${text(it.url)})
    .Build();`,
};

const EXAMPLE = {
  customer_id: "customer-new", identify_type: 0, name: "Wang Xiaoming", verified_type: 3,
  verified_number: "E12345678", verified_file_url: ["passport.jpg", "in-hand.jpg"],
};

/** Shows it in an element. */
export async function showClients(page, place) {
  const [space, { outcomes }] = await Promise.all([
    page.json(`spaces/${encodeURIComponent(page.space)}`), page.json("catalog"),
  ]);
  const sample = outcomes.find(({ outcome, ways }) => outcome.startsWith("is_review") && ways.request)?.ways.request;
  const partner = space.partners.find(({ name }) => name === sample?.as) ?? space.partners[0];
  const { token, ak, sk, id, xaccount_type } = partner ?? {};
  const body = sample?.request ?? { ...EXAMPLE, xaccount_type };
  // The control API may have an address of its own.
  const endpoint = h("input", { id: "endpoint", value: location.origin, spellcheck: "false", input: () => showLines() });
  const language = h("select", { id: "language", change: () => showLines() }, Object.keys(LANGUAGES).map((name) => h("option", {}, name)));
  const lines = h("div");
  function showLines() {
    const blank = { token: "TOKEN", ak: "AK", sk: "SK", id: "ACCOUNT" };
    const it = { url: endpoint.value, body, token: token ?? blank.token, ak: ak ?? blank.ak, sk: sk ?? blank.sk, id: id ?? blank.id };
    lines.replaceChildren(code(LANGUAGES[language.value](it), `${language.value} example`));
  }
  showLines();
  const value = ([name, value]) => [
    h("dt", {}, name),
    h("dd", {}, value ? [h("code", {}, value), " ", copyButton("Copy", () => value)] : h("span", { class: "quiet" }, "none")),
  ];
  place.replaceChildren(
    h("h2", {}, "No request yet"),
    h("p", {}, "Point a client here. Its requests show up in this place, each with the reason for its answer."),
    h("dl", { class: "values" },
      h("dt", {}, h("label", { for: "endpoint" }, "Endpoint")), h("dd", {}, endpoint, " ", copyButton("Copy", () => endpoint.value)),
      [["Token", token], ["AK", ak], ["SK", sk], ["xaccount_type", xaccount_type]].map(value)),
    h("p", {}, h("label", {}, "A client in ", language)),
    lines);
}
