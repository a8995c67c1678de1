import assert from "node:assert/strict";
import test from "node:test";
import { spaceFor } from "bss-sim/test";
import { apply } from "../client.js";
import { define } from "./cases.js";

define(test);

test("has a subtest that fails", async (t) => {
  const space = await spaceFor(t);
  await space.script({ error_code: "CBC.0999" });
  await apply(space);
  await t.test("passes", () => {});
  await t.test("has another", (subtest) => subtest.test("fails", () => assert.fail("of its own")));
});
