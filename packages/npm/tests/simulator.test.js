// A simulator is found or started, and ends with the process that has started it.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import test from "node:test";
import { start } from "bss-sim";
import ts from "typescript";
import { COMMAND } from "./client.js";

/** Sets an environment variable until the test ends. */
function setVariable(t, name, value) {
  process.env[name] = value;
  t.after(() => delete process.env[name]);
}

/** Starts a simulator that ends with the test. */
async function started(t, options) {
  const simulator = await start(options);
  t.after(() => simulator.close());
  return simulator;
}

test("a started simulator ends when it is closed", async () => {
  const simulator = await start();
  assert.match(simulator.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  const space = await simulator.space();
  assert.equal((await space.customer("customer-new")).partner, "demo-partner");
  await simulator[Symbol.asyncDispose]();
  await assert.rejects(simulator.space(), { name: "ControlError", message: new RegExp(`^no simulator answers at ${simulator.url}: `) });
  await simulator.close();
});

test("a URL is used, and its simulator goes on", async (t) => {
  const simulator = await started(t);
  const given = await start({ url: `${simulator.url}//` });
  assert.equal(given.url, simulator.url);
  await given.close();
  setVariable(t, "BSS_SIM_URL", simulator.url);
  const found = await start();
  assert.equal(found.url, simulator.url);
  assert.equal((await simulator.space({ label: "still here" })).label, "still here");
});

test("scenario and fixtures are those of the program", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "bss-sim-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "mine.yaml"), "name: mine\npartners: [{ id: p-1, name: me, xaccount_type: ME_IDP }]\n");
  const simulator = await started(t, { scenario: "open", fixtures: folder });
  const { name, id, xaccountType } = (await simulator.space({ scenario: "mine" })).partner;
  assert.deepEqual([name, id, xaccountType], ["me", "p-1", "ME_IDP"]);
  await assert.rejects(simulator.space({ scenario: "mien" }), { message: /did you mean `mine`/ });
  await assert.rejects(simulator.space({ scenari: "mine" }), { message: /did you mean `scenario`/ });
});

test("why the program did not start is told", async () => {
  await assert.rejects(start({ scenario: "nonsense" }), {
    name: "ControlError",
    message: /^bss-sim did not start: there is no scenario `nonsense`/,
  });
  await assert.rejects(start({ program: "/missing" }), { message: /^bss-sim did not start: .*\/missing/ });
});

test("an option that is misspelt is refused", async () => {
  await assert.rejects(start({ scenaro: "open" }), {
    name: "TypeError",
    message: "start has no option scenaro: it takes url, program, scenario and fixtures",
  });
});

test("a control token of the environment is shown", async (t) => {
  setVariable(t, "BSS_SIM_CONTROL_TOKEN", "secret");
  const simulator = await started(t);
  await simulator.space();
  delete process.env.BSS_SIM_CONTROL_TOKEN;
  const message =
    `the simulator at ${simulator.url} (from the option url) refuses this call: send \`Authorization: Bearer\` with the control token: ` +
    "set BSS_SIM_CONTROL_TOKEN to the token that it was started with";
  await assert.rejects(start({ url: simulator.url }), { name: "ControlError", status: 401, message });
});

const STRANGERS = [
  [
    JSON.stringify({ name: "bss-sim", version: "0.9.0", control: 2 }),
    "bss-sim 0.9.0 at URL (from the option url) has version 2 of the control API, and this package knows version 1: use a package of the same version",
  ],
  ["<html>", "what answers at URL (from the option url) is not bss-sim"],
  ["[]", "what answers at URL (from the option url) is not bss-sim"],
];

for (const [body, message] of STRANGERS) {
  test(`what answers with ${body} is refused in words`, async (t) => {
    const server = createServer((_, answer) => answer.end(body)).listen(0, "127.0.0.1");
    t.after(() => server.close());
    await once(server, "listening");
    const url = `http://127.0.0.1:${server.address().port}`;
    await assert.rejects(start({ url }), { name: "ControlError", message: message.replace("URL", url) });
  });
}

test("a server that is silent is not waited for long", async (t) => {
  const server = createServer(() => {}).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const url = `http://127.0.0.1:${server.address().port}`;
  setVariable(t, "BSS_SIM_URL", url);
  await assert.rejects(start(), { name: "ControlError", message: `no simulator answers at ${url} (from BSS_SIM_URL): no answer in 5 seconds` });
});

for (const url of ["127.0.0.1:8080", "localhost:8080", "http://127.0.0.1:8080/v2", "http://"]) {
  test(`${url} is refused as a URL`, async (t) => {
    setVariable(t, "BSS_SIM_URL", url);
    const message = `"${url}" from BSS_SIM_URL is no URL of a simulator: it has a scheme, a host and maybe a port, such as http://127.0.0.1:8080`;
    await assert.rejects(start(), { name: "ControlError", message });
  });
}

test("await using works as TypeScript translates it", () => {
  const program = readFileSync(new URL("using.ts", import.meta.url), "utf8");
  const { outputText } = ts.transpileModule(program, { compilerOptions: { target: "es2022", module: "esnext" } });
  const run = spawnSync(process.execPath, ["--input-type=module", "--eval", outputText], { encoding: "utf8" });
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /^http:\/\/127\.0\.0\.1:\d+ \S+ 1\n$/);
});

test("a simulator ends with a process that is killed", async () => {
  const program = `import { start } from "bss-sim"; console.log((await start()).url); process.stdin.resume();`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: ["pipe", "pipe", "inherit"] });
  const [url] = await once(createInterface(child.stdout), "line");
  const connection = connect(new URL(url).port, "127.0.0.1");
  await once(connection, "connect");
  connection.resume();
  child.kill("SIGKILL");
  // A simulator that goes on would keep the connection open.
  await once(connection, "close");
});

test("a simulator does not keep its process running", () => {
  const program = `import { start } from "bss-sim"; await start(); console.log("done");`;
  const run = spawnSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8", timeout: 60_000 });
  assert.deepEqual([run.status, run.stdout, run.stderr], [0, "done\n", ""]);
});

test("the command runs the program, with its exit code", () => {
  const version = spawnSync(COMMAND, ["--version"], { encoding: "utf8" });
  assert.match(version.stdout, /^bss-sim \d+\.\d+\.\d+/);
  assert.equal(spawnSync(COMMAND, ["exec", "--", "sh", "-c", "exit 7"]).status, 7);
});

test("the command passes signals on, and ends as the program does", async () => {
  const child = spawn(COMMAND, ["serve", "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "ignore"] });
  const [ready] = await once(createInterface(child.stdout), "line");
  child.kill("SIGTERM");
  const [code] = await once(child, "close");
  assert.equal(code, 0, ready);
});

/** Runs a program on what seems to be another machine, where no package has a program. */
function onMachine(platform, arch, program) {
  const pretend = ["platform", "arch"].map((name) => `Object.defineProperty(process, "${name}", { value: ${JSON.stringify({ platform, arch }[name])} });`);
  const { BSS_SIM_BIN: _, ...env } = process.env;
  const args = ["--input-type=module", "--eval", `${pretend.join("")} ${program}`];
  return spawnSync(process.execPath, args, { encoding: "utf8", env: { ...env, PATH: "" } });
}

const WITHOUT_PROGRAM = {
  arm64:
    "there is no program bss-sim: install the package @bss-sim/linux-arm64 as well, its .tgz file together with that of bss-sim, or from a registry without `--omit=optional`; or set BSS_SIM_BIN to its path",
  mips: "there is no program bss-sim for linux-mips: set BSS_SIM_BIN to its path",
};

for (const [arch, message] of Object.entries(WITHOUT_PROGRAM)) {
  test(`without a program for ${arch} the package says what to do`, () => {
    const command = onMachine("linux", arch, `await import(${JSON.stringify(COMMAND)});`);
    assert.deepEqual([command.status, command.stderr], [127, `${message}\n`]);
    const started = onMachine("linux", arch, `import("bss-sim").then(({ start }) => start()).catch((error) => console.log(error.message));`);
    assert.equal(started.stdout, `${message}, or put it on PATH\n`, started.stderr);
  });
}
