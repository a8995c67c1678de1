"""What the official SDK makes of the flow before an application: a verification code, a new customer, and the list of them."""

import pytest
import requests
from huaweicloudsdkbssintl.v2 import (
    CheckSubcustomerUserReq,
    CheckUserIdentityRequest,
    CreateCustomerV2Req,
    CreateSubCustomerRequest,
    ListSubCustomersRequest,
    QuerySubCustomerListReq,
    SendVerificationCodeV2Req,
    SendVerificationMessageCodeRequest,
)
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, ServerResponseException

from partner import TIMEOUT, Partner

EMAIL = "wang@example.com"


@pytest.fixture
def url(serve):
    return serve()


@pytest.fixture
def partner(url):
    return Partner(url, "demo-token")


def listed(partner, **filters):
    request = ListSubCustomersRequest(QuerySubCustomerListReq(**filters))
    return partner.invoke(partner.client.list_sub_customers_invoker(request))


def create(partner, **fields):
    body = CreateCustomerV2Req(domain_area="MX", xaccount_type="***_IDP", **fields)
    return partner.invoke(partner.client.create_sub_customer_invoker(CreateSubCustomerRequest(body)))


def check(partner, search_type, search_value):
    body = CheckSubcustomerUserReq(search_type=search_type, search_value=search_value)
    return partner.invoke(partner.client.check_user_identity_invoker(CheckUserIdentityRequest(body)))


def send_code(partner):
    request = SendVerificationMessageCodeRequest(SendVerificationCodeV2Req(receiver_type=2, email=EMAIL))
    return partner.invoke(partner.client.send_verification_message_code_invoker(request))


def test_a_new_customer_goes_from_its_code_to_its_authentication(url, partner):
    assert check(partner, "email", EMAIL).check_result == "available"
    assert send_code(partner).status_code == 204
    assert partner.wire.content == b""
    codes = requests.get(f"{url}/_sim/verification-codes", params={"email": EMAIL}, timeout=TIMEOUT).json()["codes"]
    created = create(
        partner,
        xaccount_id="user-1",
        domain_name="wang_shop",
        password="Example-1",
        email=EMAIL,
        verification_code=codes[0]["code"],
        is_close_market_ms="true",
        include_association_result=True,
    )
    assert (created.domain_name, len(created.domain_id)) == ("wang_shop", 32)
    assert check(partner, "email", EMAIL).check_result == "used_by_user"
    applied = partner.apply(
        customer_id=created.domain_id,
        identify_type=0,
        verified_type=3,
        verified_file_url=["profile.jpg", "in-hand.jpg"],
        name="Wang Xiaoming",
        verified_number="E12345678",
        xaccount_type="***_IDP",
    )
    assert applied.is_review == 1
    page = listed(partner, account_name="wang")
    assert page.count == 1
    (customer,) = page.customer_infos
    assert (customer.customer_id, customer.account_name, customer.email) == (created.domain_id, "wang_shop", EMAIL)
    assert (customer.verified_status, customer.customer_type, customer.is_frozen) == ("0", 0, 0)
    assert (customer.customer, customer.label, customer.account_managers) == (None, None, [])
    assert (customer.xaccount_id, customer.xaccount_type, customer.association_type) == ("user-1", "***_IDP", "3")


def test_customers_are_listed_page_by_page(partner):
    first = listed(partner, offset=0, limit=3)
    second = listed(partner, offset=3, limit=100)
    ids = [customer.customer_id for customer in first.customer_infos + second.customer_infos]
    assert (first.count, second.count, len(first.customer_infos)) == (len(ids), len(ids), 3)
    assert "customer-new" in ids and len(set(ids)) == len(ids)
    assert listed(partner).count == len(ids), "the SDK sends {} for no filter"
    states = {customer.customer_id: customer.verified_status for customer in second.customer_infos}
    assert states["customer-under-review"] == "0" and states["customer-new"] == "-1"


def test_errors_are_raised_with_their_codes(url, partner):
    create(partner, xaccount_id="user-1", domain_name="wang_shop")
    cases = [
        (dict(xaccount_id="user-2", domain_name="wang_shop"), "CBC.99000038"),
        (dict(xaccount_id="user-1"), "CBC.99000039"),
        (dict(xaccount_id="user-2", email=EMAIL, verification_code="000000"), "CBC.99004010"),
        (dict(xaccount_id=""), "CBC.0100"),
    ]
    for fields, code in cases:
        with pytest.raises(ClientRequestException) as caught:
            create(partner, **fields)
        assert (caught.value.status_code, caught.value.error_code) == (400, code)
    scripted = {"when": {"path": "/v2/partners/sub-customers"}, "then": {"error_code": "CBC.99000050"}}
    requests.post(f"{url}/_sim/scripted", json=scripted, timeout=TIMEOUT).raise_for_status()
    with pytest.raises(ServerResponseException) as caught:
        create(partner, xaccount_id="user-2")
    assert (caught.value.status_code, caught.value.error_code) == (500, "CBC.99000050")
    assert listed(partner, customer_id=partner.wire.json()["domain_id"]).count == 1
