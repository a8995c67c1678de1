// A client that sends applications with a token, without an SDK.

import { fileURLToPath } from "node:url";

// The simulators of these tests are their own.
delete process.env.BSS_SIM_URL;

/** The command of the package, as npm installs it. */
export const COMMAND = fileURLToPath(new URL("node_modules/.bin/bss-sim", import.meta.url));

/** Sends an application. Gives the status, the body and the request ID of the answer. */
export async function apply(space, customer = "customer-new", fields = {}, signal = undefined) {
  const answer = await fetch(`${space.url}/v2/customers/realname-auths/individual`, {
    method: "POST",
    signal,
    headers: { "Content-Type": "application/json", "X-Auth-Token": space.token },
    body: JSON.stringify({
      customer_id: customer,
      identify_type: 0,
      verified_type: 3,
      verified_file_url: ["passport.jpg", "in-hand.jpg"],
      name: "Wang Xiaoming",
      verified_number: "E12345678",
      xaccount_type: space.partner.xaccountType,
      ...fields,
    }),
  });
  return { status: answer.status, body: await answer.json(), requestId: answer.headers.get("X-Request-Id") };
}
