"""A partner's client: the official SDK, pointed at the simulator by its endpoint and otherwise as it is installed."""

import requests
from huaweicloudsdkbssintl.v2 import ApplyIndividualRealnameAuthsReq, BssintlClient, CreatePersonalRealnameAuthRequest
from huaweicloudsdkcore.auth.credentials import GlobalCredentials
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.http.http_handler import HttpHandler
from huaweicloudsdkcore.utils.http_utils import sanitize_for_serialization

INDIVIDUAL = "/v2/customers/realname-auths/individual"
TIMEOUT = 10


class Partner:
    """A caller with a token."""

    def __init__(self, url, token):
        self.token = token
        # The last answer as it came over the wire: the SDK's exceptions do not show all of it.
        self.wire = None
        config = HttpConfig.get_default_config()
        config.timeout = TIMEOUT
        self.client = (
            BssintlClient.new_builder()
            .with_http_config(config)
            # The SDK cannot do without keys; the simulator is to look at the token.
            .with_credentials(GlobalCredentials("UNLISTEDAK", "unlisted-secret"))
            .with_endpoint(url)
            .with_http_handler(HttpHandler().add_response_handler(self._keep))
            .build()
        )

    def _keep(self, response, **_):
        self.wire = response

    def apply(self, **fields):
        """Requests an individual real-name authentication."""
        request = CreatePersonalRealnameAuthRequest(ApplyIndividualRealnameAuthsReq(**fields))
        return self.invoke(self.client.create_personal_realname_auth_invoker(request))

    def invoke(self, invoker):
        """Sends what the SDK has prepared, with the token. The SDK adds its signature to it."""
        return invoker.add_header("X-Auth-Token", self.token).invoke()


def can_send(fields):
    """Whether the SDK sends exactly these fields: it drops those that are null and has no others than its own."""
    if not fields.keys() <= ApplyIndividualRealnameAuthsReq.attribute_map.keys():
        return False
    return sanitize_for_serialization(ApplyIndividualRealnameAuthsReq(**fields)) == fields


def post(url, fields, token=None):
    """The same request without the SDK, for what the SDK cannot send."""
    return send(url, "POST", INDIVIDUAL, fields, token)


def send(url, method, path, fields, token=None):
    """Any request without the SDK. With GET the fields are the query."""
    headers = {} if token is None else {"X-Auth-Token": token}
    place = "params" if method == "GET" else "json"
    return requests.request(method, url + path, headers=headers, timeout=TIMEOUT, **{place: fields})
