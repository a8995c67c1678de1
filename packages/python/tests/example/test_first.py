from huaweicloudsdkbssintl.v2 import ApplyIndividualRealnameAuthsReq, BssintlClient, CreatePersonalRealnameAuthRequest
from huaweicloudsdkcore.auth.credentials import GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import ServerResponseException


def authenticate(customer, endpoint, ak, sk, xaccount_type):
    """The code under test. If the service fails, it sends the request once more."""
    client = BssintlClient.new_builder().with_credentials(GlobalCredentials(ak, sk)).with_endpoint(endpoint).build()
    application = ApplyIndividualRealnameAuthsReq(
        customer_id=customer, name="Wang Xiaoming", verified_number="E12345678",
        identify_type=0, verified_type=3, verified_file_url=["passport.jpg", "in-hand.jpg"],
        xaccount_type=xaccount_type,
    )
    request = CreatePersonalRealnameAuthRequest(application)
    try:
        return client.create_personal_realname_auth(request).is_review
    except ServerResponseException:
        return client.create_personal_realname_auth(request).is_review


def test_a_request_that_failed_is_sent_again(bss_sim):
    bss_sim.script({"error_code": "CBC.0999"})

    is_review = authenticate("customer-new", bss_sim.url, bss_sim.ak, bss_sim.sk, bss_sim.partner.xaccount_type)
    assert is_review == 1
    bss_sim.verify({"customer_id": "customer-new"}, exactly=2)
