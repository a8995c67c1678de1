// Calls of the control API, and how they fail.

import { AssertionError } from "node:assert";
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import { text } from "node:stream/consumers";

// The version of the control API that this package knows.
const VERSION = 1;
// How long calls may take, in seconds. The first one asks what answers at a URL: there may be something else. A call of `verify` may
// take 60.
const FIRST_TIMEOUT = 5;
const OTHER_TIMEOUT = 90;

// What the URL of a simulator has. A slash at its end is left out.
const URL_OF_SIMULATOR = /^(https?:\/\/(?:[^\s/?#@:[\]]+|\[[0-9a-f:.]+\])(?::\d{1,5})?)\/*$/i;

export class ControlError extends Error {
  name = "ControlError";

  constructor(message, status) {
    super(message);
    if (status !== undefined) {
      this.status = status;
    }
  }
}

export class VerificationError extends AssertionError {
  constructor(message) {
    super({ message, stackStartFn: VerificationError });
    this.name = "VerificationError";
  }
}

/** The control API of the simulator at a URL, for all of it or for one space. */
export class Control {
  #headers;
  #at;

  /** `from` says what named the URL. */
  constructor(url, { space, from } = {}) {
    const [, base] = URL_OF_SIMULATOR.exec(url) ?? [];
    if (base === undefined) {
      throw new ControlError(
        `"${url}" from ${from} is no URL of a simulator: it has a scheme, a host and maybe a port, such as http://127.0.0.1:8080`,
      );
    }
    this.url = base;
    this.#at = from ? `${base} (from ${from})` : base;
    const token = process.env.BSS_SIM_CONTROL_TOKEN;
    this.#headers = {
      "Content-Type": "application/json",
      ...(space && { "X-Sim-Space": space }),
      ...(token && { Authorization: `Bearer ${token}` }),
    };
  }

  /** The answer, read as JSON; nothing if it is empty. A parameter of the query that is undefined is not sent. */
  async call(method, path, body, query = {}) {
    const answer = await this.#send(method, path, "application/json", body, query);
    return answer ? JSON.parse(answer) : undefined;
  }

  /** The answer as a text for people. */
  async text(method, path, body) {
    return this.#send(method, path, "text/plain", body, {});
  }

  /** Fails if what answers is no simulator, or one with other calls than this package knows. */
  async checkVersion() {
    const index = asJson(await this.#send("GET", "", "application/json", undefined, {}, FIRST_TIMEOUT));
    const { version, control } = index ?? {};
    if (version === undefined || control === undefined) {
      throw new ControlError(`what answers at ${this.#at} is not bss-sim`);
    }
    if (control !== VERSION) {
      throw new ControlError(
        `bss-sim ${version} at ${this.#at} has version ${control} of the control API, ` +
          `and this package knows version ${VERSION}: use a package of the same version`,
      );
    }
  }

  async #send(method, path, accept, body, query, timeout = OTHER_TIMEOUT) {
    const parameters = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined));
    const target = `${this.url}/_sim${path}${parameters.size ? `?${parameters}` : ""}`;
    let answer;
    try {
      answer = await exchange(target, { method, headers: { ...this.#headers, Accept: accept } }, body, timeout);
    } catch (error) {
      throw new ControlError(`no simulator answers at ${this.#at}: ${error.message || error.code}`);
    }
    const { status } = answer;
    if (status === 401) {
      throw new ControlError(
        `the simulator at ${this.#at} refuses this call: ${inWords(answer.text)}: ` +
          "set BSS_SIM_CONTROL_TOKEN to the token that it was started with",
        status,
      );
    }
    if (status >= 400) {
      throw new ControlError(inWords(answer.text), status);
    }
    return answer.text;
  }
}

/** Sends a request. `fetch` is not used: tests replace it, and it may go through a proxy. */
async function exchange(target, options, body, timeout) {
  const url = new URL(target);
  const { request } = url.protocol === "https:" ? https : http;
  const sent = request(url, { ...options, agent: false, timeout: timeout * 1000 });
  sent.on("timeout", () => sent.destroy(new Error(`no answer in ${timeout} seconds`)));
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  const [answer] = await once(sent, "response");
  return { status: answer.statusCode, text: await text(answer) };
}

/** What the body of an error says: a sentence, or a line for each mistake. */
function inWords(body) {
  const { detail, more } = asJson(body) ?? {};
  if (detail === undefined) {
    return body.trim();
  }
  if (!Array.isArray(detail)) {
    return String(detail);
  }
  const lines = detail.map(({ key, message, hint }) => [key, message, hint].filter(Boolean).join(": "));
  return [...lines, ...(more ? ["and more"] : [])].join("\n");
}

function asJson(body) {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
