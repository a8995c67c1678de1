import pytest
from huaweicloudsdkbssintl.v2 import ApplyIndividualRealnameAuthsReq, BssintlClient, CreatePersonalRealnameAuthRequest
from huaweicloudsdkcore.auth.credentials import GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import ServerResponseException


def test_an_error_passes_and_the_second_try_is_accepted(bss_sim):
    bss_sim.script({"error_code": "CBC.0999"})

    # What a program under test would do.
    credentials = GlobalCredentials(bss_sim.ak, bss_sim.sk)
    client = BssintlClient.new_builder().with_credentials(credentials).with_endpoint(bss_sim.url).build()
    application = ApplyIndividualRealnameAuthsReq(
        customer_id="customer-new", name="Wang Xiaoming", verified_number="E12345678",
        identify_type=0, verified_type=3, verified_file_url=["passport.jpg", "in-hand.jpg"],
        xaccount_type=bss_sim.partner.xaccount_type,
    )
    request = CreatePersonalRealnameAuthRequest(application)

    with pytest.raises(ServerResponseException) as refused:
        client.create_personal_realname_auth(request)
    assert refused.value.error_code == "CBC.0999"
    assert client.create_personal_realname_auth(request).is_review == 1
    bss_sim.verify({"customer_id": "customer-new"}, exactly=2)
