// A simulator: one that runs already, or one that is started.

import { Control } from "./control.js";
import { findProgram, serve } from "./program.js";
import { Space } from "./space.js";

export async function start({ url, program, scenario, fixtures, ...unknown } = {}) {
  for (const name of Object.keys(unknown)) {
    throw new TypeError(`start has no option ${name}: it takes url, program, scenario and fixtures`);
  }
  const [found, from] = url ? [url, "the option url"] : [process.env.BSS_SIM_URL, "BSS_SIM_URL"];
  if (found) {
    return connect(found, from, async () => {});
  }
  const { url: started, close } = await serve(program ?? findProgram(), { scenario, fixtures });
  return connect(started, undefined, close).catch(async (error) => {
    await close();
    throw error;
  });
}

async function connect(url, from, close) {
  const control = new Control(url, { from });
  await control.checkVersion();
  return new Simulator(control, close);
}

export class Simulator {
  #control;
  #close;

  constructor(control, close) {
    this.#control = control;
    this.#close = close;
  }

  get url() {
    return this.#control.url;
  }

  async space(from = {}) {
    return new Space(this.url, await this.#control.call("POST", "/spaces", from));
  }

  async coverage() {
    return this.#control.call("GET", "/coverage", undefined, { space: "*" });
  }

  async close() {
    await this.#close();
  }

  async [Symbol.asyncDispose]() {
    await this.close();
  }
}
