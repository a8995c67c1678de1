import { spaceFor } from "bss-sim/test";
import { expect, test } from "vitest";
import { apply } from "../client.js";

test("an authenticated customer is refused", async (context) => {
  const space = await spaceFor(context);
  expect((await apply(space, "customer-done")).body.error_code).toBe("CBC.99000027");
});
