import pytest
from huaweicloudsdkcore.exceptions.exceptions import ServerResponseException
from shop import authenticate


def test_an_error_passes_and_the_shop_tries_again(bss_sim):
    partner = {"endpoint": bss_sim.url, "ak": bss_sim.ak, "sk": bss_sim.sk, "xaccount_type": bss_sim.partner.xaccount_type}
    bss_sim.script({"error_code": "CBC.0999"})
    with pytest.raises(ServerResponseException):
        authenticate("customer-new", **partner)
    assert authenticate("customer-new", **partner).is_review == 1
    bss_sim.verify({"customer_id": "customer-new"}, exactly=2)
