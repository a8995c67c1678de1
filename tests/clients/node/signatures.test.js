// How the official SDK for Node signs, and how the simulator verifies it.

import assert from "node:assert/strict";
import test from "node:test";
import { GlobalCredentials } from "@huaweicloud/huaweicloud-sdk-core/auth/GlobalCredentials.js";
import { Region } from "@huaweicloud/huaweicloud-sdk-core/region/region.js";
import { spaceFor } from "bss-sim/test";
import { application, keyOf, SigningPartner, UNAUTHENTICATED } from "./partner.js";

test("SDK-HMAC-SHA256 is verified", async (t) => {
  const space = await spaceFor(t);
  await SigningPartner.in(space).accepted(application(space));
  await space.verify({ headers: { Authorization: { prefix: "SDK-HMAC-SHA256 " } } }, { exactly: 1 });
});

test("V11-HMAC-SHA256, with a derived key, is verified", async (t) => {
  const space = await spaceFor(t);
  const credentials = new GlobalCredentials({
    ak: space.ak,
    sk: space.sk,
    domainId: space.partner.id,
    regionId: "ap-southeast-1",
    derivedAuthServiceName: "bssintl",
    derivedPredicate: () => true,
  });
  await new SigningPartner(space.url, credentials).accepted(application(space));
  await space.verify({ headers: { Authorization: { prefix: "V11-HMAC-SHA256 " } } }, { exactly: 1 });
});

test("with a region the SDK asks for the account first", async (t) => {
  const space = await spaceFor(t);
  const region = new Region("ap-southeast-1", space.url);
  await new SigningPartner(region, keyOf(space).withIamEndpoint(space.url)).accepted(application(space));
  await space.verifySequence([{ path: "/v3/auth/domains" }, { headers: { "X-Domain-Id": space.partner.id } }]);
});

test("a wrong secret is refused with the canonical request", async (t) => {
  const space = await spaceFor(t);
  const partner = new SigningPartner(space.url, keyOf(space).withSk("wrong-secret"));
  const error = await partner.apply(application(space)).then(assert.fail, (error) => error);
  assert.deepEqual([error.httpStatusCode, error.errorCode], [401, "APIGW.0301"]);
  const start = `${UNAUTHENTICATED}verify aksk signature fail, canonicalRequest:POST|/v2/customers/realname-auths/individual/||`;
  assert.ok(error.errorMsg.startsWith(start), error.errorMsg);
});

test("with a slash at the end of the endpoint the SDK signs another path than it sends", async (t) => {
  const space = await spaceFor(t);
  const partner = new SigningPartner(`${space.url}/`, keyOf(space));
  await assert.rejects(partner.apply(application(space)), { httpStatusCode: 401, errorCode: "APIGW.0301" });
});

test("an unknown key is refused", async (t) => {
  const space = await spaceFor(t);
  const partner = new SigningPartner(space.url, keyOf(space).withAk("NOSUCHAK"));
  const message = `${UNAUTHENTICATED}Get secretKey failed,ak:NOSUCHAK,err:ak not exist`;
  await partner.refused(application(space), [401, "APIGW.0301", message]);
});

test("a temporary key needs its security token", async (t) => {
  const key = { ak: "TEMPAK0001", sk: "temporary-secret", security_token: "gQpjbi1ub3J0aC00/+==" };
  const fixture = {
    name: "temporary",
    partners: [{ name: "demo-partner", id: "p-1", xaccount_type: "DEMO_IDP", credentials: { access_keys: [key] } }],
    customers: [{ id: "customer-new", partner: "demo-partner" }],
  };
  const space = await spaceFor(t, { fixture });
  // The fixture's own key is looked up in the space of this header.
  const headers = () => ({ "X-Sim-Space": space.id });
  const temporary = () => new GlobalCredentials().withAk(key.ak).withSk(key.sk);
  const whole = new SigningPartner(space.url, temporary().withSecurityToken(key.security_token));
  await whole.accepted(application(space), headers());
  const refusal = [401, "APIGW.0301", `${UNAUTHENTICATED}verify security token fail`];
  await new SigningPartner(space.url, temporary()).refused(application(space), refusal, headers());
  const other = new SigningPartner(space.url, temporary().withSecurityToken("another"));
  await other.refused(application(space), refusal, headers());
});
