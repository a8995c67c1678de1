// The types are those of the test runners, and what a program writes in the README's way is one.

import test from "node:test";
import { test as vitest } from "vitest";
import { start, VerificationError, type Partner } from "bss-sim";
import { spaceFor } from "bss-sim/test";

test("node:test", async (t) => {
  await using simulator = await start({ scenario: "open", fixtures: ["fixtures"] });
  await using space = await spaceFor(t, { simulator, strict: false, scenario: "default" });
  const partner: Partner = space.partner;
  await space.script({ error_code: "CBC.0999" }, { times: 2, then: { gateway: "APIGW.0308" } });
  await space.verify({ caller: partner.name }, { atLeast: 1, within: "2s" });
  await space.review("customer-new", "reject", "blurred");
  await space.clock.advance(1000);
  const before: boolean = (await space.clock.now()) < new Date();
  const token: string | undefined = space.token;
  // @ts-expect-error: there is no such decision
  await space.review("customer-new", "refuse");
  // @ts-expect-error: it is `exactly`
  await space.verify({}, { exact: 1 });
  throw new VerificationError(`${before} ${token}`);
});

vitest("vitest", async (context) => {
  const space = await spaceFor(context, { fixture: { partners: [] } });
  await space.delete();
});
