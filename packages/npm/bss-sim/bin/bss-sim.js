#!/usr/bin/env node
// Runs the program `bss-sim` with these arguments.

import { spawn } from "node:child_process";
import { ownProgram, WITHOUT_PROGRAM } from "../src/program.js";

const program = ownProgram();
if (!program) {
  console.error(WITHOUT_PROGRAM);
  process.exit(127);
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
// A terminal sends Ctrl-C to the program as well.
const isAtTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
// Before the program starts, so that no signal is missed.
for (const signal of SIGNALS) {
  process.on(signal, () => {
    if (signal !== "SIGINT" || !isAtTerminal) {
      child.kill(signal);
    }
  });
}

const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
child.on("error", (error) => {
  console.error(`bss-sim: ${error.message}`);
  process.exit(126);
});
child.on("exit", (code, signal) => {
  if (signal === null) {
    process.exit(code);
  }
  SIGNALS.forEach((name) => process.removeAllListeners(name));
  process.kill(process.pid, signal);
});
