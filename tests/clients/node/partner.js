// A partner's client: the official SDK, pointed at the simulator by its endpoint and otherwise as it is installed.

import assert from "node:assert/strict";
import { GlobalCredentials } from "@huaweicloud/huaweicloud-sdk-core/auth/GlobalCredentials.js";
import { ClientBuilder } from "@huaweicloud/huaweicloud-sdk-core/ClientBuilder.js";
import log4js from "log4js";

// The SDK logs each refusal on stdout, with all that was sent.
log4js.getLogger().level = "off";

export const UNAUTHENTICATED = "Incorrect IAM authentication information: ";

/** An application that the default scenario accepts. */
export const application = (space) => ({
  customer_id: "customer-new",
  name: "Wang Xiaoming",
  verified_number: "E12345678",
  identify_type: 0,
  verified_type: 3,
  verified_file_url: ["passport.jpg", "in-hand.jpg"],
  xaccount_type: space?.partner.xaccountType ?? "***_IDP",
});

/** The key of a space's partner. */
export const keyOf = (space) => new GlobalCredentials().withAk(space.ak).withSk(space.sk);

export class SigningPartner {
  /** The bodies of the answers, as the SDK's response hook sees them. */
  bodies = [];
  #client;

  /** `place` is an endpoint, or a region of the SDK. Without credentials the SDK reads those of the environment. */
  constructor(place, credentials) {
    const builder = new ClientBuilder((client) => client).withCredential(credentials);
    this.#client = (typeof place === "string" ? builder.withEndpoint(place) : builder.withRegion(place)).build();
  }

  static in(space) {
    return new SigningPartner(space.url, keyOf(space));
  }

  apply(fields, headers = {}) {
    return this.#client.sendRequest({
      method: "POST",
      url: "/v2/customers/realname-auths/individual",
      pathParams: {},
      queryParams: {},
      headers,
      contentType: "application/json",
      data: fields,
      axiosRequestConfig: { transformResponse: [(body) => this.bodies.push(body) && body, parse] },
    });
  }

  async accepted(fields, headers) {
    assert.deepEqual({ ...(await this.apply(fields, headers)) }, { is_review: 1, httpStatusCode: 200 });
  }

  /** The exception that an application ends in, which has all parts of the answer. */
  async refused(fields, expected, headers) {
    const error = await this.apply(fields, headers).then(assert.fail, (error) => error);
    const [httpStatusCode, errorCode, errorMsg] = expected;
    assert.deepEqual([error.httpStatusCode, error.errorCode, error.errorMsg], [httpStatusCode, errorCode, errorMsg]);
    assert.match(error.requestId, /^[0-9a-f]{32}$/);
    return error;
  }
}

/** What the hook has to do in the place of the SDK. */
function parse(body) {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
