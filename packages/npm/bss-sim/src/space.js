// A space: an isolated world for one test.

import { Control, ControlError, VerificationError } from "./control.js";

// The keys of a scripted answer. An argument of `script` that has none of these is an answer to one request.
const SCRIPTED = ["when", "probability", "times", "delay", "then"];

// The variables that are set to the URL. With them an official SDK calls the simulator in the place of the real service.
const URL_VARIABLES = [
  "BSS_SIM_URL",
  "HUAWEICLOUD_SDK_IAM_ENDPOINT",
  "HUAWEICLOUD_SDK_REGION_BSSINTL_AP_SOUTHEAST_1",
  "HUAWEICLOUD_SDK_REGION_BSSINTL_EU_WEST_101",
  "HUAWEICLOUD_SDK_REGION_BSS_CN_NORTH_1",
  "HUAWEICLOUD_SDK_STS_ENDPOINT",
];

export class Space {
  #control;
  #users;

  /** A space of the simulator at this URL, from the answer of `POST /_sim/spaces`. */
  constructor(url, { id, label, partners, users }) {
    this.id = id;
    this.label = label;
    this.partners = partners.map(({ xaccount_type: xaccountType, ...partner }) => ({ ...partner, xaccountType }));
    this.clock = new Clock(url, id);
    this.isDeleted = false;
    this.#users = users;
    this.#control = new Control(url, { space: id });
  }

  get url() {
    return this.#control.url;
  }

  get partner() {
    if (this.partners.length === 0) {
      throw new ControlError("the scenario of this space has no partner");
    }
    return this.partners[0];
  }

  get token() {
    return this.partner.token;
  }

  get ak() {
    return this.partner.ak;
  }

  get sk() {
    return this.partner.sk;
  }

  get user() {
    return this.#login?.name;
  }

  get password() {
    return this.#login?.password;
  }

  get domain() {
    return this.#login?.domain;
  }

  get #login() {
    return this.#users.find((user) => user.domain === this.partner.name);
  }

  get env() {
    // Some clients read the one, some the other. If only one of them is set, its hosts are meant for both.
    const unproxied = process.env.no_proxy || process.env.NO_PROXY;
    const host = new URL(this.url).hostname;
    const hosts = unproxied && unproxied !== "*" ? `${unproxied},${host}` : unproxied || host;
    const values = {
      ...Object.fromEntries(URL_VARIABLES.map((name) => [name, this.url])),
      BSS_SIM_PARTNER: this.partner.name,
      BSS_SIM_PARTNER_ID: this.partner.id,
      BSS_SIM_XACCOUNT_TYPE: this.partner.xaccountType,
      BSS_SIM_TOKEN: this.token,
      BSS_SIM_AK: this.ak,
      BSS_SIM_SK: this.sk,
      BSS_SIM_USER: this.user,
      BSS_SIM_PASSWORD: this.password,
      BSS_SIM_DOMAIN: this.domain,
      HUAWEICLOUD_SDK_DOMAIN_ID: this.partner.id,
      HUAWEICLOUD_SDK_AK: this.ak,
      HUAWEICLOUD_SDK_SK: this.sk,
      no_proxy: hosts,
      NO_PROXY: hosts,
    };
    return Object.fromEntries(Object.entries(values).filter(([, value]) => value));
  }

  async script(...answers) {
    const scripted = answers.map((answer) =>
      SCRIPTED.some((key) => key in answer) ? answer : { times: 1, then: answer },
    );
    await this.#control.call("POST", "/scripted", scripted);
  }

  async scripted() {
    return (await this.#control.call("GET", "/scripted")).scripted;
  }

  async verify(match = {}, { within, ...counts } = {}) {
    // A misspelt name is sent too, so that the simulator refuses it.
    const named = Object.entries(counts).filter(([, number]) => number !== undefined);
    const count = Object.fromEntries(named.map(([name, number]) => [COUNTS[name] ?? name, number]));
    await this.#verify({ match, ...(named.length > 0 && { count }) }, within);
  }

  async verifySequence(matches, { within } = {}) {
    await this.#verify({ sequence: matches }, within);
  }

  async #verify(expected, within) {
    const body = within === undefined ? expected : { ...expected, within: span(within) };
    try {
      await this.#control.text("POST", "/verify", body);
    } catch (error) {
      throw error.status === 409 ? new VerificationError(error.message) : error;
    }
  }

  async review(customer, decision, opinion) {
    await this.#control.call("POST", `/customers/${encodeURIComponent(customer)}/review`, { decision, opinion });
  }

  async journal({ limit, ...query } = {}) {
    const next = query.order === "desc" ? "before" : "since";
    const entries = [];
    while (limit === undefined || entries.length < limit) {
      query.limit = limit === undefined ? undefined : limit - entries.length;
      const page = await this.#control.call("GET", "/journal", undefined, query);
      entries.push(...page.entries);
      if (!page.truncated) {
        break;
      }
      query[next] = page.next;
    }
    return entries;
  }

  async why(requestId) {
    return this.#control.text("GET", `/journal/${encodeURIComponent(requestId)}`);
  }

  async explain(request, as = this.partner.name) {
    return this.#control.call("POST", "/explain", { as, request });
  }

  async customer(id) {
    return this.#control.call("GET", `/customers/${encodeURIComponent(id)}`);
  }

  async putCustomer(id, state) {
    return this.#control.call("PUT", `/customers/${encodeURIComponent(id)}`, state);
  }

  async certificate(number) {
    return this.#control.call("GET", `/certificates/${encodeURIComponent(number)}`);
  }

  async putCertificate(number, state) {
    return this.#control.call("PUT", `/certificates/${encodeURIComponent(number)}`, state);
  }

  async world() {
    return this.#control.call("GET", "/world");
  }

  async coverage() {
    return this.#control.call("GET", "/coverage");
  }

  async reset() {
    await this.#control.call("POST", "/reset");
  }

  async delete() {
    await this.#control.call("DELETE", `/spaces/${encodeURIComponent(this.id)}`);
    this.isDeleted = true;
  }

  async [Symbol.asyncDispose]() {
    if (!this.isDeleted) {
      await this.delete();
    }
  }
}

// How the control API spells the numbers of `verify`.
const COUNTS = { exactly: "exactly", atLeast: "at_least", atMost: "at_most" };

export class Clock {
  #control;

  constructor(url, space) {
    this.#control = new Control(url, { space });
  }

  async now() {
    return new Date((await this.#control.call("GET", "/clock")).now);
  }

  async advance(by) {
    await this.#change({ advance: span(by) });
  }

  async freeze() {
    await this.#change({ freeze: true });
  }

  async unfreeze() {
    await this.#change({ freeze: false });
  }

  async set(time) {
    await this.#change({ set: time instanceof Date ? time.toISOString() : time });
  }

  async reset() {
    await this.#change({ reset: true });
  }

  async #change(change) {
    await this.#control.call("PUT", "/clock", change);
  }
}

/** A span as scenario files have it; a number is milliseconds. */
function span(by) {
  return typeof by === "number" ? `${Math.trunc(by)}ms` : by;
}
