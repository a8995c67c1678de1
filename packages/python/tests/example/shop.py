"""A program that calls the real service, and knows nothing of a simulator but the endpoint."""

from huaweicloudsdkbssintl.v2 import ApplyIndividualRealnameAuthsReq, BssintlClient, CreatePersonalRealnameAuthRequest
from huaweicloudsdkcore.auth.credentials import GlobalCredentials


def authenticate(customer, endpoint, ak, sk, xaccount_type):
    """Requests the individual real-name authentication of a customer."""
    client = BssintlClient.new_builder().with_credentials(GlobalCredentials(ak, sk)).with_endpoint(endpoint).build()
    application = ApplyIndividualRealnameAuthsReq(
        customer_id=customer,
        identify_type=0,
        verified_type=3,
        verified_file_url=["passport.jpg", "in-hand.jpg"],
        name="Wang Xiaoming",
        verified_number="E12345678",
        xaccount_type=xaccount_type,
    )
    return client.create_personal_realname_auth(CreatePersonalRealnameAuthRequest(application))
