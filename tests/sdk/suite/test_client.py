"""A partner's test suite: many tests at the same time, on one simulator, with the same customers and certificates."""

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, ConnectionException, ServerResponseException

# Each test is run this often, so that tests of one kind meet each other.
TIMES = range(20)


@pytest.fixture(params=TIMES, autouse=True)
def repeated(request):
    return request.param


def refusal(call):
    with pytest.raises((ClientRequestException, ServerResponseException)) as caught:
        call()
    return caught.value


def test_an_application_is_reviewed_and_rejected_and_may_be_made_again(space):
    assert space.apply().is_review == 1
    assert space.result().review_result == 0
    assert refusal(space.apply).error_code == "CBC.99000027"
    space.steer("POST", "/customers/customer-new/review", {"decision": "reject", "opinion": "blurred"})
    assert (space.result().review_result, space.result().opinion) == (1, "blurred")
    assert space.apply().is_review == 1
    space.steer("POST", "/customers/customer-new/review", {"decision": "approve"})
    assert space.result().review_result == 2


def test_attempts_are_counted_for_this_test_alone(space):
    for _ in range(3):
        assert refusal(lambda: space.apply(verified_number="E00000188")).error_code == "CBC.99007188"
    assert refusal(lambda: space.apply(verified_number="E00000188")).error_code == "CBC.99000026"


def test_a_certificate_is_worn_out_for_this_test_alone(space):
    for customer in ("one", "two", "three"):
        space.steer("PUT", f"/customers/{customer}", {"partner": "demo-partner"})
        assert space.apply(customer).is_review == 1
    assert refusal(space.apply).error_code == "CBC.99007189"


def test_an_error_passes_and_the_client_tries_again(space):
    space.steer("POST", "/scripted", {"times": 2, "then": [{"error_code": "CBC.0999"}, {"gateway": "APIGW.0308"}]})
    assert (refusal(space.apply).status_code, refusal(space.apply).status_code) == (500, 429)
    assert space.apply().is_review == 1
    space.steer("POST", "/verify", {"match": {"customer_id": "customer-new"}, "count": {"exactly": 3}})
    space.steer("POST", "/verify", {"match": {"status": 429}, "count": {"exactly": 1}})


def test_a_connection_that_breaks_is_an_exception_of_its_own(space):
    space.steer("POST", "/scripted", {"times": 1, "then": {"fault": "reset"}})
    with pytest.raises(ConnectionException):
        space.apply()
    assert space.apply().is_review == 1


def test_a_review_is_approved_with_time(space):
    world = space.steer("GET", "/world")
    space.steer("PUT", "/world", {**world, "settings": {**world["settings"], "review_after": "2h"}})
    assert space.apply().is_review == 1
    space.steer("PUT", "/clock", {"advance": "119m"})
    assert space.result().review_result == 0
    space.steer("PUT", "/clock", {"advance": "1m"})
    assert space.result().review_result == 2


def test_a_refusal_is_explained(space):
    error = refusal(lambda: space.apply("customer-done"))
    entry = space.steer("GET", f"/journal/{error.request_id}")
    outcome = entry["outcome"]
    assert outcome["why"] == "not-authenticated-yet: real-name status: authenticated"
    assert (outcome["error_code"], outcome["decided_by"], outcome["rule"]) == (
        "CBC.99000027",
        "rule",
        "not-authenticated-yet",
    )
    (check,) = [check for check in entry["checks"] if check["result"] == "failed"]
    assert (check["check"], check["saw"]) == ("not-authenticated-yet", "real-name status: authenticated")


def test_the_journal_has_this_test_alone(space):
    space.apply()
    refusal(space.apply)
    entries = space.steer("GET", "/journal")["entries"]
    assert [entry["outcome"]["error_code"] for entry in entries] == [None, "CBC.99000027"]
    assert {entry["space"] for entry in entries} == {space.id}


def test_a_reset_begins_again(space):
    space.apply()
    space.steer("POST", "/reset")
    assert space.steer("GET", "/journal")["entries"] == []
    assert space.apply().is_review == 1


def test_an_explanation_changes_nothing(space):
    fields = {"customer_id": "customer-new", "identify_type": 0, "verified_type": 3, "name": "Wang Xiaoming"}
    fields |= {"verified_number": "E12345678", "xaccount_type": space.partner["xaccount_type"]}
    question = {"request": {**fields, "verified_file_url": ["profile.jpg", "in-hand.jpg"]}}
    for _ in range(2):
        assert space.steer("POST", "/explain", question)["response"] == {"status": 200, "body": {"is_review": 1}}
    assert space.apply().is_review == 1
