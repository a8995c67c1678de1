// Calls of the control API, and how they fail.

import { AssertionError } from "node:assert";
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import { text } from "node:stream/consumers";

// The version of the control API that this package knows.
const VERSION = 1;
// In milliseconds. A call of `verify` may take 60 seconds.
const TIMEOUT = 90_000;

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

  constructor(url, space) {
    this.url = url.replace(/\/+$/, "");
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
    const index = asJson(await this.#send("GET", "", "application/json", undefined, {}));
    const { version, control } = index ?? {};
    if (version === undefined || control === undefined) {
      throw new ControlError(`what answers at ${this.url} is not bss-sim`);
    }
    if (control !== VERSION) {
      throw new ControlError(
        `bss-sim ${version} at ${this.url} has version ${control} of the control API, ` +
          `and this package knows version ${VERSION}: use a package of the same version`,
      );
    }
  }

  async #send(method, path, accept, body, query) {
    const parameters = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined));
    const target = `${this.url}/_sim${path}${parameters.size ? `?${parameters}` : ""}`;
    let answer;
    try {
      answer = await exchange(target, { method, headers: { ...this.#headers, Accept: accept } }, body);
    } catch (error) {
      throw new ControlError(`no simulator answers at ${this.url}: ${error.message || error.code}`);
    }
    if (answer.status >= 400) {
      throw new ControlError(inWords(answer.text), answer.status);
    }
    return answer.text;
  }
}

/** Sends a request. `fetch` is not used: tests replace it, and it may go through a proxy. */
async function exchange(target, options, body) {
  const url = new URL(target);
  const { request } = url.protocol === "https:" ? https : http;
  const sent = request(url, { ...options, agent: false, timeout: TIMEOUT });
  sent.on("timeout", () => sent.destroy(new Error(`no answer in ${TIMEOUT / 1000} seconds`)));
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
