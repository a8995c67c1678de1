// The calls of a space do what they say, and fail in the simulator's words.

import assert, { AssertionError } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import test, { before } from "node:test";
import { start, VerificationError } from "bss-sim";
import { spaceFor } from "bss-sim/test";
import { apply, COMMAND } from "./client.js";

let simulator;
before(async () => (simulator = await start()));

/** A test with a space of its own. */
function inSpace(name, run) {
  test(name, async (t) => run(await spaceFor(t, { simulator }), t));
}

inSpace("scripted answers are given one after the other", async (space) => {
  const later = { when: { customer_id: "customer-late" }, times: 2, then: { is_review: 0 } };
  await space.script({ error_code: "CBC.0999" }, { gateway: "APIGW.0308" }, later);
  assert.deepEqual((await space.scripted()).map(({ left, used }) => [left, used]), [[1, 0], [1, 0], [2, 0]]);
  const statuses = [(await apply(space)).status, (await apply(space)).status, (await apply(space)).status];
  assert.deepEqual(statuses, [500, 429, 200]);
  assert.deepEqual((await apply(space, "customer-late")).body, { is_review: 0 });
  assert.deepEqual((await apply(space, "customer-late")).body, { is_review: 0 });
});

inSpace("a mistake in a script is told with advice and fixes nothing", async (space) => {
  const lines = [
    "[1].tims: unknown key `tims`: did you mean `times`?",
    "[1].then.error_cod: unknown key `error_cod`: did you mean `error_code`?",
  ];
  await assert.rejects(space.script({ error_code: "CBC.0999" }, { tims: 1, then: { error_cod: "CBC.0999" } }), {
    name: "ControlError",
    status: 422,
    message: lines.join("\n"),
  });
  assert.deepEqual(await space.scripted(), []);
});

for (const [answer, message] of [
  [{ error_cod: "CBC.0999" }, "[0].then.error_cod: unknown key `error_cod`: did you mean `error_code`?"],
  [{ delai: "2s" }, "[0].then.delai: unknown key `delai`: did you mean `delay`, a key of a scripted answer?"],
  [{ error_code: "CBC.0999", delay: "2s" }, "[0].error_code: unknown key `error_code`: it is a key of `then`"],
]) {
  inSpace(`the script ${JSON.stringify(answer)} is refused in words`, async (space) => {
    await assert.rejects(space.script(answer), { name: "ControlError", message });
  });
}

test("a space for no test says what it needs", async () => {
  for (const context of [undefined, {}, { name: "a suite" }, { task: { name: "of beforeAll" } }]) {
    await assert.rejects(spaceFor(context), { name: "TypeError", message: /^spaceFor takes the context that the test's function gets: test\(name, async \(t\) => / });
  }
});

inSpace("verify fails with what is there instead", async (space) => {
  await apply(space, "customer-done");
  await space.verify();
  await space.verify({ customer_id: "customer-done" }, { exactly: 1 });
  await space.verify({ status: 400 }, { atLeast: 1, atMost: 2, within: 1000 });
  await assert.rejects(space.verify({ customer_id: "customer-done", status: 200 }, { exactly: 2, within: "1ms" }), (error) => {
    assert.ok(error instanceof VerificationError && error instanceof AssertionError);
    assert.match(error.message, /^expected exactly 2, found 0.*not-authenticated-yet/s);
    return true;
  });
  await assert.rejects(space.verify({ statu: 200 }), { name: "ControlError", message: /did you mean `status`/ });
  await assert.rejects(space.verify({}, { exact: 1 }), { name: "ControlError", message: /did you mean `exactly`/ });
});

inSpace("verifySequence is about the order", async (space) => {
  await space.script({ error_code: "CBC.0999" });
  await apply(space);
  await apply(space);
  await space.verifySequence([{ status: 500 }, { status: 200 }], { within: "1ms" });
  await assert.rejects(space.verifySequence([{ status: 200 }, { status: 500 }]), { name: "VerificationError" });
});

inSpace("a review is decided", async (space) => {
  await apply(space);
  assert.equal((await space.customer("customer-new")).real_name, "under_review");
  await space.review("customer-new", "reject", "blurred");
  assert.deepEqual((await apply(space)).body, { is_review: 1 });
  await space.review("customer-new", "approve");
  assert.equal((await space.customer("customer-new")).real_name, "authenticated");
  await assert.rejects(space.review("customer-new", "approve"), { status: 409 });
});

inSpace("the clock is set, stopped and put forward", async ({ clock }) => {
  await clock.freeze();
  await clock.set("2027-01-01");
  await clock.advance("1d");
  await clock.advance(2 * 60 * 60 * 1000);
  assert.deepEqual(await clock.now(), new Date("2027-01-02T02:00:00Z"));
  const time = new Date("2028-01-01T00:00:00.250Z");
  await clock.set(time);
  assert.deepEqual(await clock.now(), time);
  await clock.unfreeze();
  const moving = new Date("2029-01-01");
  await clock.set(moving);
  assert.ok((await clock.now()) >= moving);
  await clock.reset();
  assert.ok((await clock.now()) < time);
  await assert.rejects(clock.set("tomorrow"), { message: /no point in time/ });
});

inSpace("the journal has every request of the space", async (space) => {
  const numbers = Array.from({ length: 101 }, (_, number) => number);
  for (const number of numbers) {
    await apply(space, `customer-${number}`);
  }
  const entries = await space.journal({ view: "brief" });
  assert.deepEqual(entries.map((entry) => entry.request.body.customer_id), numbers.map((number) => `customer-${number}`));
  const newest = await space.journal({ order: "desc" });
  assert.deepEqual(newest.map((entry) => entry.number), numbers.map((number) => number + 1).reverse());
  assert.deepEqual(await space.journal({ order: "desc", limit: 1 }), newest.slice(0, 1));
  assert.deepEqual((await space.journal({ customer_id: "customer-7" })).map((entry) => entry.number), [8]);
  assert.deepEqual(await space.journal({ limit: 0 }), []);
  await assert.rejects(space.journal({ statu: 200 }), { message: /statu/ });
});

inSpace("why and explain have the reason", async (space) => {
  const { requestId } = await apply(space, "customer-done");
  assert.match(await space.why(requestId), /not-authenticated-yet: real-name status: authenticated/);
  for (const caller of [undefined, space.partner.name, space.token]) {
    const { response } = await space.explain({ customer_id: "customer-done" }, caller);
    assert.equal(response.body.error_code, "CBC.0100");
  }
  assert.equal((await space.journal()).length, 1);
});

inSpace("customers and certificates are put", async (space) => {
  await space.putCustomer("a/b c", { partner: "demo-partner" });
  assert.equal((await space.customer("a/b c")).partner, "demo-partner");
  await space.putCertificate("E00000999", { blocked: true });
  assert.equal((await space.certificate("E00000999")).blocked, true);
  assert.equal((await apply(space, "customer-new", { verified_number: "E00000999" })).body.error_code, "CBC.99007193");
  await assert.rejects(space.customer("nobody"), { message: "there is no such customer", status: 404 });
});

inSpace("a space starts from the world of another, and again", async (space) => {
  await space.putCustomer("customer-late", { partner: "demo-partner" });
  const other = await simulator.space({ fixture: await space.world(), label: "the other" });
  assert.equal(other.label, "the other");
  assert.deepEqual(await other.customer("customer-late"), await space.customer("customer-late"));
  await space.reset();
  await assert.rejects(space.customer("customer-late"), { status: 404 });
  await other[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
  await assert.rejects(other.world(), { message: /there is no space/ });
});

inSpace("coverage is that of the space, or of all", async (space) => {
  await apply(space);
  const other = await simulator.space();
  assert.deepEqual([(await space.coverage()).met, (await other.coverage()).met, (await space.coverage()).of], [1, 0, 24]);
  assert.ok((await simulator.coverage()).met >= 1);
});

test("a space without partners says so", async () => {
  const space = await simulator.space({ fixture: { customers: [{ id: "customer-new" }] } });
  assert.throws(() => space.token, { name: "ControlError", message: /no partner/ });
});

inSpace("the environment is the one that exec sets", async (space, t) => {
  const show = [process.execPath, "--print", "JSON.stringify(process.env)"];
  const env = { PATH: process.env.PATH, NO_PROXY: "example.org", BSS_SIM_BIN: process.env.BSS_SIM_BIN ?? "" };
  const run = spawnSync(COMMAND, ["exec", "--", ...show], { encoding: "utf8", env });
  const isSet = ([name]) => /^(BSS_SIM_(?!BIN)|HUAWEICLOUD_|NO_PROXY|no_proxy)/.test(name);
  const byExec = Object.fromEntries(Object.entries(JSON.parse(run.stdout)).filter(isSet));
  const before = { no_proxy: process.env.no_proxy, NO_PROXY: process.env.NO_PROXY };
  t.after(() => {
    for (const [name, value] of Object.entries(before)) {
      value === undefined ? delete process.env[name] : (process.env[name] = value);
    }
  });
  delete process.env.no_proxy;
  process.env.NO_PROXY = "example.org";
  const own = space.env;
  assert.deepEqual(Object.keys(own).sort(), Object.keys(byExec).sort());
  const differing = Object.keys(own).filter((name) => own[name] !== byExec[name].replace(byExec.BSS_SIM_URL, space.url));
  const credentials = ["AK", "PASSWORD", "SK", "TOKEN", "USER"].map((name) => `BSS_SIM_${name}`);
  assert.deepEqual(differing.sort(), [...credentials, "HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"]);
  assert.deepEqual([own.BSS_SIM_USER, own.BSS_SIM_PASSWORD, own.BSS_SIM_DOMAIN], [space.user, space.password, space.domain]);
});
