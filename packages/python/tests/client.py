"""A client that sends applications with a token, without an SDK."""

import json
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

opener = build_opener(ProxyHandler({}))


def apply(space, customer="customer-new", **fields):
    """Sends an application. Returns the status, the body and the request ID of the answer."""
    application = {
        "customer_id": customer,
        "identify_type": 0,
        "verified_type": 3,
        "verified_file_url": ["passport.jpg", "in-hand.jpg"],
        "name": "Wang Xiaoming",
        "verified_number": "E12345678",
        "xaccount_type": space.partner.xaccount_type,
        **fields,
    }
    headers = {"Content-Type": "application/json", "X-Auth-Token": space.token}
    url = f"{space.url}/v2/customers/realname-auths/individual"
    try:
        answer = opener.open(Request(url, json.dumps(application).encode(), headers))
    except HTTPError as error:
        answer = error
    with answer:
        return answer.status, json.load(answer), answer.headers["X-Request-Id"]
