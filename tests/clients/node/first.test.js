import assert from "node:assert/strict";
import test from "node:test";
import { GlobalCredentials } from "@huaweicloud/huaweicloud-sdk-core/auth/GlobalCredentials.js";
import { ClientBuilder } from "@huaweicloud/huaweicloud-sdk-core/ClientBuilder.js";
import { spaceFor } from "bss-sim/test";

/** The code under test. If the service fails, it sends the request once more. */
async function authenticate(customer, endpoint, ak, sk, xaccountType) {
  const credentials = new GlobalCredentials().withAk(ak).withSk(sk);
  const client = new ClientBuilder((client) => client).withEndpoint(endpoint).withCredential(credentials).build();
  const send = () =>
    client.sendRequest({
      method: "POST",
      url: "/v2/customers/realname-auths/individual",
      pathParams: {},
      queryParams: {},
      headers: {},
      contentType: "application/json",
      data: {
        customer_id: customer,
        name: "Wang Xiaoming",
        verified_number: "E12345678",
        identify_type: 0,
        verified_type: 3,
        verified_file_url: ["passport.jpg", "in-hand.jpg"],
        xaccount_type: xaccountType,
      },
    });
  const again = (error) => (error.httpStatusCode >= 500 ? send() : Promise.reject(error));
  return (await send().catch(again)).is_review;
}

test("a request that failed is sent again", async (t) => {
  const space = await spaceFor(t);
  await space.script({ error_code: "CBC.0999" });

  const isReview = await authenticate("customer-new", space.url, space.ak, space.sk, space.partner.xaccountType);
  assert.equal(isReview, 1);
  await space.verify({ customer_id: "customer-new" }, { exactly: 2 });
});
