// What the official SDK for Node makes of the simulator's answers.

import assert from "node:assert/strict";
import test from "node:test";
import { spaceFor } from "bss-sim/test";
import { application, SigningPartner } from "./partner.js";

test("an accepted application is read as an integer", async (t) => {
  const space = await spaceFor(t);
  const partner = SigningPartner.in(space);
  await partner.accepted(application(space));
  assert.deepEqual(partner.bodies, ['{"is_review":1}']);
  await space.verify({ outcome: "is_review 1" }, { exactly: 1 });
});

test("a rule refuses with all parts of an error", async (t) => {
  const space = await spaceFor(t);
  const again = { ...application(space), customer_id: "customer-done" };
  const expected = [400, "CBC.99000027", "The customer has passed real-name authentication or is being reviewed."];
  const first = await SigningPartner.in(space).refused(again, expected);
  const second = await SigningPartner.in(space).refused(again, expected);
  assert.notEqual(first.requestId, second.requestId);
  assert.match(await space.why(first.requestId), /not-authenticated-yet/);
});

test("every documented outcome reaches the SDK", async (t) => {
  const space = await spaceFor(t);
  const partner = SigningPartner.in(space);
  const { outcomes } = await (await fetch(`${space.url}/_sim/catalog`)).json();
  for (const { outcome, status, text, ways } of outcomes) {
    await space.script(ways.scripted);
    if (outcome.startsWith("is_review ")) {
      const { httpStatusCode, is_review: isReview } = await partner.apply(application(space));
      assert.deepEqual([httpStatusCode, `is_review ${isReview}`, typeof isReview], [status, outcome, "number"]);
    } else if (outcome.startsWith("CBC.")) {
      await partner.refused(application(space), [status, outcome, text]);
    } else {
      const message = "The initiated service operation does not meet the service check item requirement.";
      await partner.refused(application(space), [status, "CBC.99007004", message]);
      // The exception of the SDK does not have them.
      assert.deepEqual(JSON.parse(partner.bodies.at(-1)).fail_check_items, [outcome]);
    }
  }
  const { met, of } = await space.coverage();
  assert.deepEqual([met, outcomes.length], [of, of]);
});

test("the gateway refuses in its own form", async (t) => {
  const space = await spaceFor(t);
  await space.script({ gateway: "APIGW.0308" });
  const partner = SigningPartner.in(space);
  const message = "The throttling threshold has been reached: policy user over ratelimit,limit:10,time:1 second";
  const { requestId } = await partner.refused(application(space), [429, "APIGW.0308", message]);
  assert.equal(JSON.parse(partner.bodies[0]).request_id, requestId);
});

test("a server error is another exception", async (t) => {
  const space = await spaceFor(t);
  await space.script({ error_code: "CBC.0999" });
  const error = await SigningPartner.in(space).refused(application(space), [500, "CBC.0999", "Other errors."]);
  assert.equal(error.name, "ServerResponseException");
});

test("a parameter is refused", async (t) => {
  const space = await spaceFor(t);
  const wrong = { ...application(space), identify_type: "0" };
  const error = await SigningPartner.in(space).refused(wrong, [400, "CBC.0100", "Parameter error."]);
  assert.equal(error.name, "ClientRequestException");
});

test("wide characters arrive as they were meant", async (t) => {
  const space = await spaceFor(t);
  await space.putCertificate("E88888888", { holder: "王小明" });
  const wide = { ...application(space), verified_number: "E88888888" };
  await assert.rejects(SigningPartner.in(space).apply({ ...wide, name: "王小红" }), { errorCode: "CBC.99007202" });
  await SigningPartner.in(space).accepted({ ...wide, name: "王小明" });
});

const FAULTS = [
  ["reset", undefined, /ECONNRESET/],
  ["close", undefined, /socket hang up/],
  ["malformed", 200, /aborted/],
];

for (const [fault, httpStatusCode, errorMsg] of FAULTS) {
  test(`the fault ${fault} is an exception without a code`, async (t) => {
    const space = await spaceFor(t);
    await space.script({ fault });
    await assert.rejects(SigningPartner.in(space).apply(application(space)), { httpStatusCode, errorCode: undefined, errorMsg });
    await space.verify({}, { exactly: 1 });
  });
}

// A program that does not look whether the field is there takes this for an acceptance.
test("an empty body is no exception, but has no field", async (t) => {
  const space = await spaceFor(t);
  await space.script({ fault: "empty" });
  const { httpStatusCode, is_review: isReview } = await SigningPartner.in(space).apply(application(space));
  assert.deepEqual([httpStatusCode, isReview], [200, undefined]);
});

test("a string in the place of the integer stays a string", async (t) => {
  const space = await spaceFor(t, { scenario: "example-wire" });
  assert.equal((await SigningPartner.in(space).apply(application(space))).is_review, "1");
});
