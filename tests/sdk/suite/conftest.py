"""What a partner's own test suite needs: a space of its own for each test, and the official SDK to call with.

One simulator serves all tests, also those that run at the same time. The environment says where it is: BSS_SIM_URL.
"""

import os

import pytest
import requests
from huaweicloudsdkbssintl.v2 import ApplyIndividualRealnameAuthsReq, BssintlClient, CreatePersonalRealnameAuthRequest
from huaweicloudsdkbssintl.v2 import ShowRealnameAuthenticationReviewResultRequest
from huaweicloudsdkcore.auth.credentials import GlobalCredentials

TIMEOUT = 10


class Space:
    """An isolated world: its partner's client, and the calls that steer it."""

    def __init__(self, url, scenario="default"):
        self.url = url
        made = requests.post(f"{url}/_sim/spaces", json={"scenario": scenario}, timeout=TIMEOUT)
        assert made.status_code == 201, made.text
        made = made.json()
        self.id, self.partner = made["id"], made["partners"][0]
        # The fresh key is all that leads to the space: the SDK knows nothing of spaces.
        self.client = (
            BssintlClient.new_builder()
            .with_credentials(GlobalCredentials(self.partner["ak"], self.partner["sk"]))
            .with_endpoint(url)
            .build()
        )

    def apply(self, customer="customer-new", **fields):
        application = {
            "customer_id": customer,
            "identify_type": 0,
            "verified_type": 3,
            "verified_file_url": ["profile.jpg", "in-hand.jpg"],
            "name": "Wang Xiaoming",
            "verified_number": "E12345678",
            "xaccount_type": self.partner["xaccount_type"],
            **fields,
        }
        request = CreatePersonalRealnameAuthRequest(ApplyIndividualRealnameAuthsReq(**application))
        return self.client.create_personal_realname_auth(request)

    def result(self, customer="customer-new"):
        request = ShowRealnameAuthenticationReviewResultRequest(customer_id=customer)
        return self.client.show_realname_authentication_review_result(request)

    def steer(self, method, path, body=None):
        answer = requests.request(
            method, f"{self.url}/_sim{path}", json=body, headers={"X-Sim-Space": self.id}, timeout=TIMEOUT
        )
        assert answer.ok, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
def space():
    space = Space(os.environ["BSS_SIM_URL"])
    yield space
    requests.delete(f"{space.url}/_sim/spaces/{space.id}", timeout=TIMEOUT)
