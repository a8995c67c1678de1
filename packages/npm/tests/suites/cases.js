// Tests that pass and fail. `runners.test.js` runs them with each test runner.

import assert from "node:assert/strict";
import { spaceFor } from "bss-sim/test";
import { apply } from "../client.js";

/** Defines them by the function `test` of a test runner. */
export function define(test) {
  test("fails", async (t) => {
    const space = await spaceFor(t);
    assert.equal(space.label, "fails");
    await apply(space, "customer-done");
    assert.equal((await apply(space, "customer-done")).status, 200);
  });

  test("hangs", { timeout: 500 }, async (t) => {
    const space = await spaceFor(t);
    await space.script({ fault: "hang" });
    await apply(space, "customer-new", {}, t.signal);
  });

  test("leaves some", async (t) => {
    const space = await spaceFor(t);
    await space.script({ error_code: "CBC.0999" }, { times: 2, delay: "1ms" }, { then: { is_review: 1 } });
    await apply(space);
    await apply(space);
  });

  test("may leave some", async (t) => {
    const space = await spaceFor(t, { strict: false, scenario: "open", label: "lenient" });
    assert.equal(space.label, "lenient");
    await space.script({ error_code: "CBC.0999" });
  });

  test("deletes its space", async (t) => {
    await (await spaceFor(t)).delete();
  });

  test("x".repeat(300), async (t) => {
    assert.equal((await spaceFor(t)).label, "x".repeat(200));
  });
}
