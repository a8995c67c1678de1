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
const PLATFORM_PACKAGE = `@bss-sim/${process.platform}-${process.arch}`;

// Runs its arguments, and ends them when its stdin ends. Even a process that is killed closes that.
const UNTIL_STDIN_ENDS = '"$@" & exec >&-; cat >/dev/null; kill $! 2>/dev/null; wait $!';

/** The path of the program: that of `BSS_SIM_BIN`, the one that the package of this platform brings, or one on `PATH`. */
export function findProgram() {
  const program = ownProgram() ?? onPath();
  if (!program) {
    throw new ControlError(`there is no program bss-sim: install ${PLATFORM_PACKAGE}, set BSS_SIM_BIN to its path, or put it on PATH`);
  }
  return program;
}

/** The same without `PATH`, where the command of this package may stand. */
export function ownProgram() {
  if (process.env.BSS_SIM_BIN) {
    return process.env.BSS_SIM_BIN;
  }
  try {
    return createRequire(import.meta.url).resolve(`${PLATFORM_PACKAGE}/bin/${NAME}`);
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
  const options = ["--listen", "127.0.0.1:0", "--log-level", "warn"];
  if (scenario !== undefined) {
    options.push("--scenario", scenario);
  }
  options.push(...[fixtures].flat().flatMap((path) => ["--fixtures", path]));
  const command = IS_WINDOWS ? [program] : ["sh", "-c", UNTIL_STDIN_ENDS, "bss-sim", program];
  const [file, ...args] = [...command, "serve", ...options];
  // In a session of its own, so that Ctrl-C is for the tests.
  const child = spawn(file, args, { detached: !IS_WINDOWS });
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
      terminate(child);
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

function terminate(child) {
  if (IS_WINDOWS) {
    child.kill();
    return;
  }
  try {
    process.kill(-child.pid);
  } catch {
    // It has ended already.
  }
}
