"""The calls of a space do what they say, and fail in the simulator's words."""

import json
import os
import subprocess
import sys
from datetime import date, datetime, timedelta, timezone

import pytest
from client import apply

from bss_sim import ControlError, VerificationError
from bss_sim.program import find_program


def test_scripted_answers_are_given_one_after_the_other(bss_sim):
    later = {"when": {"customer_id": "customer-late"}, "times": 2, "then": {"is_review": 0}}
    bss_sim.script({"error_code": "CBC.0999"}, {"gateway": "APIGW.0308"}, later)
    assert [(left["left"], left["used"]) for left in bss_sim.scripted()] == [(1, 0), (1, 0), (2, 0)]
    statuses = [apply(bss_sim)[0] for _ in range(3)]
    assert statuses == [500, 429, 200]
    answers = [apply(bss_sim, "customer-late")[1] for _ in range(2)]
    assert answers == [{"is_review": 0}] * 2


def test_a_mistake_in_a_script_is_told_with_advice_and_fixes_nothing(bss_sim):
    with pytest.raises(ControlError) as caught:
        bss_sim.script({"error_code": "CBC.0999"}, {"tims": 1, "then": {"error_cod": "CBC.0999"}})
    assert str(caught.value).splitlines() == [
        "[1].tims: unknown key `tims`: did you mean `times`?",
        "[1].then.error_cod: unknown key `error_cod`: did you mean `error_code`?",
    ]
    assert caught.value.status == 422
    assert bss_sim.scripted() == []


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"error_cod": "CBC.0999"}, "[0].then.error_cod: unknown key `error_cod`: did you mean `error_code`?"),
        ({"delai": "2s"}, "[0].then.delai: unknown key `delai`: did you mean `delay`, a key of a scripted answer?"),
        ({"error_code": "CBC.0999", "delay": "2s"}, "[0].error_code: unknown key `error_code`: it is a key of `then`"),
    ],
)
def test_a_mistake_in_a_short_script_is_told_by_its_key(bss_sim, answer, message):
    with pytest.raises(ControlError) as caught:
        bss_sim.script(answer)
    assert str(caught.value) == message


def test_verify_fails_with_what_is_there_instead(bss_sim):
    apply(bss_sim, "customer-done")
    bss_sim.verify()
    bss_sim.verify({"customer_id": "customer-done"}, 1)
    bss_sim.verify({"status": 400}, at_least=1, at_most=2, within=timedelta(seconds=1))
    with pytest.raises(VerificationError) as caught:
        bss_sim.verify({"customer_id": "customer-done", "status": 200}, exactly=2, within="1ms")
    assert isinstance(caught.value, AssertionError)
    text = str(caught.value)
    assert text.startswith("expected exactly 2, found 0") and "not-authenticated-yet" in text
    with pytest.raises(ControlError, match="did you mean `status`"):
        bss_sim.verify({"statu": 200})


def test_verify_sequence_is_about_the_order(bss_sim):
    bss_sim.script({"error_code": "CBC.0999"})
    apply(bss_sim)
    apply(bss_sim)
    bss_sim.verify_sequence([{"status": 500}, {"status": 200}])
    with pytest.raises(VerificationError):
        bss_sim.verify_sequence([{"status": 200}, {"status": 500}])


def test_a_review_is_decided(bss_sim):
    apply(bss_sim)
    assert bss_sim.customer("customer-new")["real_name"] == "under_review"
    bss_sim.review("customer-new", "reject", "blurred")
    assert apply(bss_sim)[1] == {"is_review": 1}
    bss_sim.review("customer-new", "approve")
    assert bss_sim.customer("customer-new")["real_name"] == "authenticated"
    with pytest.raises(ControlError) as caught:
        bss_sim.review("customer-new", "approve")
    assert caught.value.status == 409


def test_the_clock_is_set_stopped_and_put_forward(bss_sim):
    clock = bss_sim.clock
    clock.freeze()
    clock.set(date(2027, 1, 1))
    clock.advance("1d")
    clock.advance(timedelta(hours=2))
    assert clock.now == datetime(2027, 1, 2, 2, tzinfo=timezone.utc)
    clock.set(datetime(2028, 1, 1, microsecond=250000, tzinfo=timezone.utc))
    assert clock.now == datetime(2028, 1, 1, microsecond=250000, tzinfo=timezone.utc)
    clock.unfreeze()
    assert clock.now >= datetime(2028, 1, 1, microsecond=250000, tzinfo=timezone.utc)
    clock.reset()
    assert clock.now < datetime.now(timezone.utc) + timedelta(days=1)
    with pytest.raises(ControlError, match="no point in time"):
        clock.set("tomorrow")


def test_the_journal_has_every_request_of_the_space(bss_sim):
    for number in range(101):
        apply(bss_sim, f"customer-{number}")
    customers = [entry["request"]["body"]["customer_id"] for entry in bss_sim.journal(view="brief")]
    assert customers == [f"customer-{number}" for number in range(101)]
    newest = bss_sim.journal(order="desc")
    assert [entry["number"] for entry in newest] == list(range(101, 0, -1))
    (entry,) = bss_sim.journal(order="desc", limit=1)
    assert entry == newest[0]
    assert len(bss_sim.journal(customer_id="customer-7", status=404)) + len(bss_sim.journal(customer_id="customer-7")) == 1
    assert bss_sim.journal(limit=0) == []


def test_why_and_explain_have_the_reason(bss_sim):
    status, _, request_id = apply(bss_sim, "customer-done")
    assert status == 400
    assert "not-authenticated-yet: real-name status: authenticated" in bss_sim.why(request_id)
    for caller in (None, bss_sim.partner.name, bss_sim.token):
        answer = bss_sim.explain({"customer_id": "customer-done"}, as_=caller)["response"]
        assert answer["body"]["error_code"] == "CBC.0100"
    assert len(bss_sim.journal()) == 1


def test_customers_and_certificates_are_put(bss_sim):
    bss_sim.put_customer("a/b c", partner="demo-partner")
    assert bss_sim.customer("a/b c")["partner"] == "demo-partner"
    bss_sim.put_certificate("E00000999", blocked=True)
    assert bss_sim.certificate("E00000999")["blocked"] is True
    assert apply(bss_sim, verified_number="E00000999")[1]["error_code"] == "CBC.99007193"
    with pytest.raises(ControlError) as caught:
        bss_sim.customer("nobody")
    assert (str(caught.value), caught.value.status) == ("there is no such customer", 404)


def test_a_space_starts_from_the_world_of_another_and_again(bss_sim, bss_sim_spaces):
    bss_sim.put_customer("customer-late", partner="demo-partner")
    other = bss_sim_spaces(fixture=bss_sim.world(), label="the other")
    assert other.label == "the other" and other.customer("customer-late") == bss_sim.customer("customer-late")
    bss_sim.reset()
    with pytest.raises(ControlError):
        bss_sim.customer("customer-late")
    assert bss_sim.journal() == []


def test_coverage_is_that_of_the_space(bss_sim, bss_sim_spaces, bss_sim_server):
    apply(bss_sim)
    other = bss_sim_spaces()
    assert (bss_sim.coverage()["met"], other.coverage()["met"], bss_sim.coverage()["of"]) == (1, 0, 24)
    assert bss_sim_server.coverage()["met"] >= 1


def test_a_deleted_space_is_gone(bss_sim):
    bss_sim.delete()
    with pytest.raises(ControlError, match="there is no space"):
        bss_sim.world()


def test_a_space_without_partners_says_so(bss_sim_spaces):
    space = bss_sim_spaces(fixture={"customers": [{"id": "customer-new"}]})
    with pytest.raises(ControlError, match="no partner"):
        space.token


def test_the_environment_is_the_one_that_exec_sets(bss_sim, monkeypatch):
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    command = [find_program(), "exec", "--", sys.executable, "-c", show]
    run = subprocess.run(command, env={"NO_PROXY": "example.org"}, check=True, capture_output=True, text=True, timeout=60)
    prefixes = ("BSS_SIM_", "HUAWEICLOUD_", "NO_PROXY", "no_proxy")
    by_exec = {name: value for name, value in json.loads(run.stdout).items() if name.startswith(prefixes)}
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("NO_PROXY", "example.org")
    assert bss_sim.env.keys() == by_exec.keys()
    own = {name for name, value in bss_sim.env.items() if value != by_exec[name].replace(by_exec["BSS_SIM_URL"], bss_sim.url)}
    keys = {"HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"}
    assert own == {"BSS_SIM_TOKEN", "BSS_SIM_AK", "BSS_SIM_SK", "BSS_SIM_USER", "BSS_SIM_PASSWORD"} | keys
    assert bss_sim.env["BSS_SIM_USER"] == bss_sim.user and bss_sim.env["BSS_SIM_SK"] == bss_sim.partner.sk


def test_an_unchanged_sdk_finds_the_space_in_the_environment(bss_sim):
    program = """
from huaweicloudsdkbssintl.v2 import BssintlClient, ShowRealnameAuthenticationReviewResultRequest
from huaweicloudsdkbssintl.v2.region.bssintl_region import BssintlRegion
client = BssintlClient.new_builder().with_region(BssintlRegion.value_of("ap-southeast-1")).build()
request = ShowRealnameAuthenticationReviewResultRequest(customer_id="customer-under-review")
print(client.show_realname_authentication_review_result(request).review_result)
"""
    environment = {**os.environ, **bss_sim.env}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stdout) == (0, "0\n"), run.stderr
    bss_sim.verify({"method": "GET", "status": 200}, exactly=1)
