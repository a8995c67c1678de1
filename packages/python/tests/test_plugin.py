"""The plugin, in runs of pytest with tests that pass and fail."""

import os
import sys

import pytest

from bss_sim import Simulator
from bss_sim.program import find_program

TESTS = os.path.dirname(__file__)


@pytest.fixture
def suite(pytester, monkeypatch):
    """Makes a test file with this text, which can import the client of these tests, in other processes too."""
    pytester.syspathinsert(TESTS)
    monkeypatch.setenv("PYTHONPATH", TESTS)
    return lambda text: pytester.makepyfile(test_it=f"import pytest\nfrom client import apply\n{text}")


def test_a_failing_test_shows_its_requests_with_the_reasons(suite, pytester):
    suite("""
def test_fails(bss_sim):
    apply(bss_sim, "customer-done")
    assert apply(bss_sim, "customer-done")[0] == 200

def test_asks_nothing(bss_sim):
    assert False

def test_passes(bss_sim):
    apply(bss_sim)
""")
    result = pytester.runpytest()
    result.assert_outcomes(passed=1, failed=2)
    answer = "400 CBC.99000027, not-authenticated-yet: real-name status: authenticated"
    lines = [f"[#]{number} POST /v2/customers/realname-auths/individual -> {answer}" for number in (1, 2)]
    result.stdout.fnmatch_lines(["*bss-sim: requests of space *", *lines, "*bss-sim: requests of space *", "none"])
    assert result.stdout.str().count("bss-sim: requests of space") == 2


def test_a_verification_fails_with_the_text_of_the_simulator_alone(suite, pytester):
    suite("""
def test_fails(bss_sim):
    bss_sim.verify({"status": 200})
""")
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*bss_sim.verify*", "E *VerificationError: expected at least 1, found 0"])
    result.stdout.no_fnmatch_line("*raise*")


def test_a_fixture_that_fails_shows_them_too_and_a_fault_by_its_name(suite, pytester):
    suite("""
@pytest.fixture
def broken(bss_sim):
    bss_sim.script({"fault": "reset"})
    apply(bss_sim)

def test_errs(broken):
    pass
""")
    result = pytester.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*bss-sim: requests of space *", "[#]1 POST */individual -> no response, fault reset, *"])


def test_a_fixture_that_fails_at_its_end_shows_them_too(suite, pytester):
    suite("""
@pytest.fixture
def broken(bss_sim):
    yield bss_sim
    assert False

def test_passes(broken):
    apply(broken)
""")
    result = pytester.runpytest()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown*", "*bss-sim: requests of space *", "[#]1 POST */individual -> 200, *"])


LEFTOVERS = """
def test_leaves_some(bss_sim):
    bss_sim.script({"error_code": "CBC.0999"}, {"times": 2, "delay": "1ms"}, {"then": {"is_review": 1}})
    apply(bss_sim)
    apply(bss_sim)

@pytest.mark.bss_sim(strict=%s)
def test_may_leave_some(bss_sim_spaces):
    bss_sim_spaces().script({"error_code": "CBC.0999"})

def test_fails_for_another_reason(bss_sim):
    bss_sim.script({"error_code": "CBC.0999"})
    assert not "this"

def test_uses_all(bss_sim):
    bss_sim.script({"error_code": "CBC.0999"})
    apply(bss_sim)
"""


def test_leftovers_fail_a_passing_test(suite, pytester):
    suite(LEFTOVERS % False)
    result = pytester.runpytest("-rf")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(
        [
            "scripted answers are left over:",
            'given 1 of 2 times: {"times":2,"delay":"1ms"}',
            'never given: {"then":[[]{"is_review":1}[]]}',
            "FAILED *::test_leaves_some*",
            "FAILED *::test_fails_for_another_reason - AssertionError: *",
        ]
    )
    assert "scripted answers are left over:" in result.outlines


def test_leftovers_are_allowed_by_the_ini_file_but_for_a_strict_test(suite, pytester):
    suite(LEFTOVERS % True)
    pytester.makeini("[pytest]\nbss_sim_strict = false")
    result = pytester.runpytest("-rf")
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["FAILED *::test_may_leave_some*"])


def test_a_space_starts_from_the_marker_the_ini_file_or_the_fixture(suite, pytester):
    suite("""
world = {"partners": [{"id": "p-1", "name": "own", "xaccount_type": "OWN_IDP"}]}

def test_ini(bss_sim, bss_sim_spaces):
    assert bss_sim.partner.name == bss_sim_spaces().partner.name == "mine"
    assert bss_sim_spaces("open").partner.name == bss_sim_spaces(scenario="default").partner.name == "demo-partner"
    assert bss_sim_spaces(fixture=world).partner.name == "own"

@pytest.mark.bss_sim(scenario="default")
def test_marker(bss_sim):
    assert bss_sim.partner.name == "demo-partner"

@pytest.mark.bss_sim(fixture=world)
def test_fixture(bss_sim):
    assert (bss_sim.partner.name, bss_sim.label) == ("own", "test_it.py::test_fixture")

def test_LONG(bss_sim):
    assert bss_sim.label == "x" * 200

@pytest.mark.bss_sim(scenaro="default")
def test_misspelt(bss_sim):
    pass

@pytest.mark.bss_sim("default", None, True, 4)
def test_too_many():
    pass
""".replace("LONG", "x" * 300))
    pytester.mkdir("worlds").joinpath("mine.yaml").write_text(
        "name: mine\npartners: [{ id: p-2, name: mine, xaccount_type: MINE_IDP }]\n"
    )
    pytester.makeini("[pytest]\nbss_sim_scenario = mine\nbss_sim_fixtures = worlds")
    result = pytester.runpytest("--strict-markers")
    result.assert_outcomes(passed=4, errors=1, failed=1)
    takes = "the marker takes scenario, fixture, strict"
    lines = [f"@pytest.mark.bss_sim(scenaro='default'): {takes}", f"@pytest.mark.bss_sim('default', None, True, 4): {takes}"]
    assert [line for line in lines if line not in result.outlines] == []


ACCEPTED = """
def test_accepted(bss_sim):
    apply(bss_sim)

def test_refused(bss_sim):
    apply(bss_sim, "customer-done")
"""


@pytest.mark.parametrize("workers", [[], ["-n", "2"]])
def test_the_summary_has_what_was_met_and_what_was_not(suite, pytester, workers):
    suite(ACCEPTED)
    result = pytester.runpytest_subprocess("--bss-sim-fail-under", "8", *workers)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*= bss-sim =*", "the tests got 2 of 24 documented outcomes (8 %)", "not met: is_review 0, *"])
    (not_met,) = [line for line in result.outlines if line.startswith("not met: ")]
    assert len(not_met.split(", ")) == 22 and "CBC.99000027" not in not_met


@pytest.mark.parametrize("workers", [[], ["-n", "2"]])
def test_too_few_outcomes_fail_the_run(suite, pytester, workers):
    suite(ACCEPTED)
    result = pytester.runpytest_subprocess("--bss-sim-fail-under", "9", *workers)
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["--bss-sim-fail-under 9 is not reached"])


@pytest.mark.parametrize("percent", ["101", "-1", "x", "8.5"])
def test_no_share_of_outcomes_is_refused(pytester, percent):
    result = pytester.runpytest(f"--bss-sim-fail-under={percent}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*argument --bss-sim-fail-under: '{percent}' is not a whole number from 0 to 100"])


def test_without_a_space_no_simulator_is_started(pytester, monkeypatch):
    monkeypatch.setenv("BSS_SIM_BIN", "/nonexistent")
    pytester.makepyfile("def test_nothing(): pass")
    result = pytester.runpytest()
    result.assert_outcomes(passed=1)
    assert "bss-sim" not in [line.strip("= ") for line in result.outlines]
    assert pytester.runpytest("--bss-sim-fail-under", "1").ret == pytest.ExitCode.TESTS_FAILED
    assert pytester.runpytest("--bss-sim-fail-under", "1", "--collect-only").ret == pytest.ExitCode.OK


def test_the_simulator_of_a_url_is_used(suite, pytester):
    suite("""
def test_where(bss_sim, bss_sim_server):
    print("at", bss_sim.url)
    assert bss_sim.url == bss_sim_server.url
""")
    with Simulator.start() as simulator:
        result = pytester.runpytest("--bss-sim-url", simulator.url, "-s")
        result.assert_outcomes(passed=1)
        result.stdout.fnmatch_lines([f"*at {simulator.url}*"])
        # Its spaces are deleted at their ends.
        assert simulator._control.call("GET", "")["spaces"] == 1


def test_the_option_is_named_where_its_url_is_wrong(suite, pytester):
    suite(ACCEPTED)
    result = pytester.runpytest("--bss-sim-url", "localhost:8080")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(['*ControlError: "localhost:8080" from --bss-sim-url is no URL of a simulator: *'])


def test_the_server_can_be_another(suite, pytester):
    suite("""
from bss_sim import Simulator

@pytest.fixture(scope="session")
def bss_sim_server():
    with Simulator.start(scenario="open") as simulator:
        yield simulator

def test_open(bss_sim_server, bss_sim):
    assert bss_sim.url == bss_sim_server.url
""")
    pytester.runpytest().assert_outcomes(passed=1)


def test_exec_runs_workers_on_its_simulator(suite, pytester):
    suite(ACCEPTED)
    command = [find_program(), "exec", "--coverage-fail-under", "8", "--", sys.executable, "-m", "pytest", "-n", "2"]
    result = pytester.run(*command)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["the tests got 2 of 24 documented outcomes (8 %)"])
    result.stderr.fnmatch_lines(["*requests: 2, unexpected: 0, scripted answers left over: 0, seen: 2 of 24*"])
