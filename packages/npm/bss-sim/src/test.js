// A space for each test of node:test or vitest.

import { start } from "./simulator.js";

// One for all tests of this process.
let shared;

export async function spaceFor(test, { simulator, strict = true, ...from } = {}) {
  const runner = runnerOf(test);
  // A label has 200 characters at most; what tells tests apart stands at the end.
  const label = [...runner.name].slice(-200).join("");
  const space = await (simulator ?? (await (shared ??= start()))).space({ label, ...from });
  runner.atEnd(async () => {
    if (space.isDeleted) {
      return;
    }
    try {
      await judge(space, runner, strict);
    } finally {
      await space.delete();
    }
  });
  return space;
}

/** What the two test runners call the same things. */
function runnerOf(test) {
  if (typeof (test?.onTestFinished ?? test?.diagnostic) !== "function") {
    throw new TypeError("spaceFor takes the context that the test's function gets: test(name, async (t) => { const space = await spaceFor(t); … })");
  }
  if ("task" in test) {
    return {
      name: test.task.name,
      atEnd: (hook) => test.onTestFinished(hook),
      hasFailed: () => test.task.result?.state === "fail",
      show: (lines) => console.error(lines.join("\n")),
    };
  }
  // A test is called failed for its subtests only after its hooks.
  let hasFailedSubtest = false;
  test.afterEach((subtest) => {
    hasFailedSubtest ||= subtest.passed === false;
  });
  return {
    name: test.name,
    atEnd: (hook) => test.after(hook),
    // Before 20.12 Node does not tell: it is undefined.
    hasFailed: () => test.passed === false || hasFailedSubtest,
    show: (lines) => lines.forEach((line) => test.diagnostic(line)),
  };
}

/** Shows the requests of a test that fails. One that passes fails if it leaves scripted answers unused. */
async function judge(space, runner, strict) {
  const hasFailed = runner.hasFailed();
  const leftovers = strict && !hasFailed ? (await space.scripted()).map(leftover).filter(Boolean) : [];
  if (hasFailed || leftovers.length > 0) {
    runner.show([`bss-sim: requests of space ${space.id}`, ...(await requests(space))]);
  }
  if (leftovers.length > 0) {
    throw new Error(["scripted answers are left over:", ...leftovers].join("\n"));
  }
}

/** What is left of a scripted answer, as the report of `bss-sim exec` says it. */
function leftover({ used, scripted: { when = {}, probability = 1, ...others } }) {
  const { times } = others;
  if (used >= (times ?? 1)) {
    return undefined;
  }
  const shown = {
    ...(Object.keys(when).length > 0 && { when }),
    ...(probability !== 1 && { probability }),
    ...others,
  };
  return `${times ? `given ${used} of ${times} times` : "never given"}: ${JSON.stringify(shown)}`;
}

async function requests(space) {
  const entries = await space.journal({ view: "brief" });
  return entries.length > 0 ? entries.map(line) : ["none"];
}

/** A request with its answer and the reason, as the simulator's own texts have it. */
function line({ number, request, response, outcome: { fault, error_code: code, why } }) {
  const answer = fault ? `no response, fault ${fault}` : response.status;
  return `#${number} ${request.method} ${request.path} -> ${answer}${code ? ` ${code}` : ""}, ${why}`;
}
