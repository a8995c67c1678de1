// Programs of their own, with nothing but their environment.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { spaceFor } from "bss-sim/test";

const { BSS_SIM_BIN } = process.env;
const PROGRAM = fileURLToPath(new URL("program.js", import.meta.url));
const PRINTED = "1\nCBC.99000027\n";

test("under exec the URL as the endpoint is enough", () => {
  const options = ["exec", "--fail-on", "unexpected", "--coverage-fail-under", "8"];
  const run = spawnSync(BSS_SIM_BIN, [...options, "--", process.execPath, PROGRAM], {
    encoding: "utf8",
    // What a developer's environment may have: it is not to be used.
    env: { ...process.env, HUAWEICLOUD_SDK_AK: "REALAK", HUAWEICLOUD_SDK_SK: "real", http_proxy: "http://127.0.0.1:1" },
  });
  assert.deepEqual([run.status, run.stdout.endsWith(PRINTED)], [0, true], run.stdout + run.stderr);
});

test("the environment of a space leads a program to it", async (t) => {
  const space = await spaceFor(t);
  const child = spawn(process.execPath, [PROGRAM], { env: { ...process.env, ...space.env }, stdio: ["ignore", "pipe", "inherit"] });
  assert.ok((await text(child.stdout)).endsWith(PRINTED));
  await space.verify({ caller: space.partner.name }, { exactly: 2 });
});

test("the CA of the simulator is all that HTTPS needs", async (t) => {
  const simulator = spawn(BSS_SIM_BIN, ["serve", "--listen", "127.0.0.1:0", "--tls", "self-signed"], { stdio: ["ignore", "pipe", "ignore"] });
  t.after(() => simulator.kill());
  const [ready] = await once(createInterface(simulator.stdout), "line");
  const { url } = JSON.parse(ready);
  const folder = mkdtempSync(join(tmpdir(), "bss-sim-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const ca = join(folder, "ca.pem");
  const [answer] = await once(https.get(`${url}/_sim/tls/ca.pem`, { rejectUnauthorized: false }), "response");
  writeFileSync(ca, await text(answer));

  const key = { BSS_SIM_URL: url, HUAWEICLOUD_SDK_AK: "DEMOAK0001", HUAWEICLOUD_SDK_SK: "demo-secret" };
  const run = (more) => spawnSync(process.execPath, [PROGRAM], { encoding: "utf8", env: { ...process.env, ...key, ...more } });
  const stranger = run({});
  assert.notEqual(stranger.status, 0);
  assert.match(stranger.stdout + stranger.stderr, /unable to verify the first certificate/);
  const trusting = run({ NODE_EXTRA_CA_CERTS: ca });
  assert.deepEqual([trusting.status, trusting.stdout.endsWith(PRINTED)], [0, true], trusting.stdout + trusting.stderr);
});
