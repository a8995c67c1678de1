// The program `bss-sim`: where it is, and running it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { ControlError } from "./control.js";

const IS_WINDOWS = process.platform === "win32";
const NAME = IS_WINDOWS ? "bss-sim.exe" : "bss-sim";
const PLATFORM = `${process.platform}-${process.arch}`;
const PLATFORM_PACKAGE = `@bss-sim/${PLATFORM}`;
const require = createRequire(import.meta.url);
// As it is packed, this package names those that bring a program.
const { optionalDependencies = {} } = require("../package.json");

/** The path of the program: that of `BSS_SIM_BIN`, the one that the package of this platform brings, or one on `PATH`. */
export function findProgram() {
  const program = ownProgram() ?? onPath();
  if (!program) {
    throw new ControlError(`${WITHOUT_PROGRAM}, or put it on PATH`);
  }
  return program;
}

/** What is said where no package brings the program. */
export const WITHOUT_PROGRAM = PLATFORM_PACKAGE in optionalDependencies
  ? `there is no program bss-sim: install the package ${PLATFORM_PACKAGE} as well, its .tgz file together with that of bss-sim, or from a registry without \`--omit=optional\`; or set BSS_SIM_BIN to its path`
  : `there is no program bss-sim for ${PLATFORM}: set BSS_SIM_BIN to its path`;

/** The same without `PATH`, where the command of this package may stand. */
export function ownProgram() {
  if (process.env.BSS_SIM_BIN) {
    return process.env.BSS_SIM_BIN;
  }
  try {
    return require.resolve(`${PLATFORM_PACKAGE}/bin/${NAME}`);
  } catch {
    return undefined;
  }
}

function onPath() {
  const paths = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return paths.map((folder) => join(folder, NAME)).find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts a simulator on a free port of 127.0.0.1. It ends with `close`, and with this process, however that ends. It does not
 * keep this process running.
 */
export async function serve(program, { scenario, fixtures = [] }) {
  // With its stdin it has a pipe, which closes even if this process is killed.
  const options = ["--listen", "127.0.0.1:0", "--log-level", "warn", "--stop-with-stdin"];
  if (scenario !== undefined) {
    options.push("--scenario", scenario);
  }
  options.push(...[fixtures].flat().flatMap((path) => ["--fixtures", path]));
  // In a session of its own, so that Ctrl-C is for the tests.
  const child = spawn(program, ["serve", ...options], { detached: !IS_WINDOWS });
  const log = [];
  child.stderr.setEncoding("utf8").on("data", (text) => log.push(text));
  await once(child, "spawn").catch((error) => {
    throw new ControlError(`bss-sim did not start: ${error.message}`);
  });
  const handles = [child, ...child.stdio];
  const closed = once(child, "close");
  let isClosing = false;
  const close = async () => {
    if (!isClosing) {
      isClosing = true;
      handles.forEach((handle) => handle.ref());
      child.stdin.end();
      // A process that has the pipe as well may keep it open.
      child.kill();
    }
    await closed;
  };

  const ready = await firstLine(child.stdout);
  if (ready === undefined) {
    await close();
    throw new ControlError(`bss-sim did not start: ${log.join("").trim()}`);
  }
  // What it logs from now on is read and dropped, so that it never waits.
  child.stderr.removeAllListeners("data").resume();
  handles.forEach((handle) => handle.unref());
  return { url: JSON.parse(ready).url, close };
}

/** The first line of a stream, or nothing if it has none. The rest is dropped. */
async function firstLine(stream) {
  return new Promise((resolve) => {
    createInterface(stream).once("line", resolve).once("close", () => resolve(undefined));
  });
}
