// What the test runners show of tests that pass and fail.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import test from "node:test";
import { fileURLToPath } from "node:url";
import "./client.js";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const ANSWER = "POST /v2/customers/realname-auths/individual -> 400 CBC.99000027, not-authenticated-yet: real-name status: authenticated";

/** Runs a suite, which has to fail, and gives what it prints. */
function run(...args) {
  // With these node:test and vitest would take part in the run of this test.
  const { NODE_TEST_CONTEXT, NODE_OPTIONS, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: FOLDER, env: { ...env, NO_COLOR: "1" }, encoding: "utf8" });
  const printed = stdout + stderr;
  assert.equal(status, 1, printed);
  return printed;
}

/** Asserts that the suite shows requests of so many tests: of one that fails, one that hangs and one that leaves some, and others. */
function assertShown(printed, tests) {
  assert.ok(printed.includes(`#1 ${ANSWER}`) && printed.includes(`#2 ${ANSWER}`), printed);
  assert.equal(printed.match(/bss-sim: requests of space [0-9a-f]+/g)?.length, tests, printed);
  assert.match(printed, /#1 POST \S+ -> no response, fault hang, /);
  assert.match(printed, /scripted answers are left over:\n\W*given 1 of 2 times: {"times":2,"delay":"1ms"}\n\W*never given: {"then":\[{"is_review":1}\]}\n/);
}

// Before 20.12 node:test does not tell whether a test has failed.
const [major, minor] = process.versions.node.split(".").map(Number);
const tells = major > 20 || (major === 20 && minor >= 12);

test("node:test shows the requests of failing tests, and leftovers fail a passing one", { skip: !tells }, () => {
  const printed = run("--test", "--test-reporter=spec", "suites/node.js");
  assertShown(printed, 4);
  assert.match(printed, /#1 POST \S+ -> 500 CBC\.0999, /);
  assert.match(printed, /pass 4\n.*fail 5\n.*cancelled 1\n/s);
});

test("vitest does so too", () => {
  const printed = run("node_modules/vitest/vitest.mjs", "run", "--reporter=verbose", "suites");
  assertShown(printed, 3);
  assert.match(printed, /Tests +3 failed \| 4 passed/);
});
