"""The partner's whole flow with the official SDK: a customer is created, looked up, authenticated, reviewed and changed."""

import requests
from huaweicloudsdkbssintl.v2 import (
    ApplyEnterpriseRealnameAuthsReq,
    ChangeEnterpriseRealnameAuthenticationRequest,
    ChangeEnterpriseRealnameAuthsReq,
    CheckSubcustomerUserReq,
    CheckUserIdentityRequest,
    CreateCustomerV2Req,
    CreateEnterpriseRealnameAuthenticationRequest,
    CreateSubCustomerRequest,
    EnterprisePersonNew,
    ListSubCustomersRequest,
    QuerySubCustomerListReq,
    SendVerificationCodeV2Req,
    SendVerificationMessageCodeRequest,
    ShowRealnameAuthenticationReviewResultRequest,
)

from partner import TIMEOUT, Partner

PLATFORM = "DEMO_IDP"
# What an application of an enterprise and a change have in common.
ENTERPRISE = {
    "identify_type": 1,
    "verified_file_url": ["licence.jpg", "licence-back.jpg"],
    "corp_name": "Example Trading Ltd.",
    "verified_number": "91310000EXAMPLE001",
    "xaccount_type": PLATFORM,
}


class Platform(Partner):
    """A partner's platform, which calls with its token."""

    def __init__(self, url):
        super().__init__(url, "demo-token")
        self.url = url

    def create(self, **fields):
        body = CreateCustomerV2Req(domain_area="MX", xaccount_type=PLATFORM, **fields)
        return self.invoke(self.client.create_sub_customer_invoker(CreateSubCustomerRequest(body)))

    def find(self, **filters):
        body = QuerySubCustomerListReq(**filters)
        return self.invoke(self.client.list_sub_customers_invoker(ListSubCustomersRequest(body)))

    def find_one(self, customer_id):
        found = self.find(customer_id=customer_id)
        assert found.count == 1
        return found.customer_infos[0]

    def authenticate(self, customer_id):
        return self.apply(
            customer_id=customer_id,
            identify_type=0,
            verified_type=3,
            verified_file_url=["passport.jpg", "in-hand.jpg"],
            name="Wang Xiaoming",
            verified_number="E12345678",
            xaccount_type=PLATFORM,
        )

    def result(self, customer_id):
        request = ShowRealnameAuthenticationReviewResultRequest(customer_id)
        return self.invoke(self.client.show_realname_authentication_review_result_invoker(request))

    def authenticate_enterprise(self, customer_id, **fields):
        body = ApplyEnterpriseRealnameAuthsReq(customer_id=customer_id, **{**ENTERPRISE, **fields})
        request = CreateEnterpriseRealnameAuthenticationRequest(body)
        return self.invoke(self.client.create_enterprise_realname_authentication_invoker(request))

    def change_to_enterprise(self, customer_id):
        body = ChangeEnterpriseRealnameAuthsReq(customer_id=customer_id, change_type=1, **ENTERPRISE)
        request = ChangeEnterpriseRealnameAuthenticationRequest(body)
        return self.invoke(self.client.change_enterprise_realname_authentication_invoker(request))

    def review(self, customer_id, decision):
        url = f"{self.url}/_sim/customers/{customer_id}/review"
        requests.post(url, json={"decision": decision}, timeout=TIMEOUT).raise_for_status()


def shown(customer):
    return (customer.verified_status, customer.customer_type, customer.customer)


def test_a_customer_is_created_authenticated_and_changed_to_an_enterprise(serve):
    platform = Platform(serve("--scenario", "partner-flow"))
    created = platform.create(domain_name="new_customer", xaccount_id="user-4711")
    customer_id = created.domain_id
    assert created.domain_name == "new_customer"

    found = platform.find(account_name="w_cust")
    assert [each.customer_id for each in found.customer_infos] == [customer_id]
    customer = found.customer_infos[0]
    assert (customer.account_name, customer.xaccount_id, customer.xaccount_type) == ("new_customer", "user-4711", PLATFORM)
    assert shown(customer) == ("-1", -1, None)

    assert platform.authenticate(customer_id).is_review == 1
    assert shown(platform.find_one(customer_id)) == ("0", 0, None)
    assert platform.result(customer_id).review_result == 0

    platform.review(customer_id, "approve")
    assert shown(platform.find_one(customer_id)) == ("2", 0, "Wang Xiaoming")
    assert platform.result(customer_id).review_result == 2

    assert platform.change_to_enterprise(customer_id).is_review == 1
    assert shown(platform.find_one(customer_id)) == ("0", 0, "Wang Xiaoming")
    platform.review(customer_id, "approve")
    assert shown(platform.find_one(customer_id)) == ("2", 1, "Example Trading Ltd.")
    assert platform.result(customer_id).review_result == 2


def test_an_enterprise_is_created_with_a_verified_mail_address_and_authenticated_with_its_legal_person(serve):
    url = serve("--scenario", "partner-flow")
    platform = Platform(url)
    mail = "trading@example.com"

    def check(search_type, value):
        request = CheckUserIdentityRequest(CheckSubcustomerUserReq(search_type=search_type, search_value=value))
        return platform.invoke(platform.client.check_user_identity_invoker(request)).check_result

    assert check("email", mail) == check("name", "example_trading") == "available"
    code = SendVerificationCodeV2Req(receiver_type=2, email=mail)
    sent = platform.invoke(
        platform.client.send_verification_message_code_invoker(SendVerificationMessageCodeRequest(code))
    )
    assert sent.status_code == 204
    codes = requests.get(f"{url}/_sim/verification-codes", params={"email": mail}, timeout=TIMEOUT).json()["codes"]
    created = platform.create(
        domain_name="example_trading", xaccount_id="user-2", email=mail, verification_code=codes[-1]["code"]
    )
    assert check("email", mail) == check("name", "example_trading") == "used_by_user"
    assert platform.find_one(created.domain_id).email == mail

    applied = platform.authenticate_enterprise(
        created.domain_id,
        certificate_type=0,
        reg_country="CN",
        verified_file_url=["licence.jpg", "licence-back.jpg", "person.jpg", "person-back.jpg"],
        enterprise_person=EnterprisePersonNew(legel_name="Wang Xiaoming", legel_id_number="E12345678"),
    )
    assert type(applied.is_review) is int
    assert applied.is_review == 1
    assert shown(platform.find_one(created.domain_id)) == ("0", 1, None)
    platform.review(created.domain_id, "reject")
    assert shown(platform.find_one(created.domain_id)) == ("1", 1, None)
