import assert from "node:assert/strict";
import test from "node:test";
import { GlobalCredentials } from "@huaweicloud/huaweicloud-sdk-core/auth/GlobalCredentials.js";
import { ClientBuilder } from "@huaweicloud/huaweicloud-sdk-core/ClientBuilder.js";
import { spaceFor } from "bss-sim/test";

test("an error passes, and the second try is accepted", async (t) => {
  const space = await spaceFor(t);
  await space.script({ error_code: "CBC.0999" });

  // What a program under test would do.
  const credentials = new GlobalCredentials().withAk(space.ak).withSk(space.sk);
  const client = new ClientBuilder((client) => client).withEndpoint(space.url).withCredential(credentials).build();
  const apply = () =>
    client.sendRequest({
      method: "POST",
      url: "/v2/customers/realname-auths/individual",
      pathParams: {},
      queryParams: {},
      headers: {},
      contentType: "application/json",
      data: {
        customer_id: "customer-new",
        name: "Wang Xiaoming",
        verified_number: "E12345678",
        identify_type: 0,
        verified_type: 3,
        verified_file_url: ["passport.jpg", "in-hand.jpg"],
        xaccount_type: space.partner.xaccountType,
      },
    });

  await assert.rejects(apply(), { httpStatusCode: 500, errorCode: "CBC.0999" });
  assert.equal((await apply()).is_review, 1);
  await space.verify({ customer_id: "customer-new" }, { exactly: 2 });
});
