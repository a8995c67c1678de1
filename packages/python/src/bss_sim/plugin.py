"""The pytest plugin: a space for each test, the reasons where one fails, and which documented outcomes they got."""

from __future__ import annotations

import argparse
import json
from typing import Any, Callable, Iterator, Mapping, NamedTuple, Optional

import pytest

from .control import ControlError
from .simulator import Simulator
from .space import Json, Space

MARKER = """\
bss_sim(scenario=None, fixture=None, strict=None): what the space of this test starts from, a scenario by its name or a \
fixture of its own; with strict=False it may leave scripted answers unused."""


class Marker(NamedTuple):
    """The arguments of the marker."""

    scenario: Optional[str] = None
    fixture: Optional[Mapping[str, Any]] = None
    strict: Optional[bool] = None

    @classmethod
    def of(cls, item: pytest.Item) -> Marker:
        marker = item.get_closest_marker("bss_sim")
        try:
            return cls(*marker.args, **marker.kwargs) if marker else cls()
        except TypeError:
            assert marker is not None
            given = ", ".join([*map(repr, marker.args), *(f"{name}={value!r}" for name, value in marker.kwargs.items())])
            pytest.fail(f"@pytest.mark.bss_sim({given}): the marker takes {', '.join(cls._fields)}", pytrace=False)


class Coverage:
    """Which documented outcomes the tests got."""

    def __init__(self) -> None:
        # Each outcome, in the order of the API's page, and whether a test got it.
        self.met: dict[str, bool] = {}

    def add(self, met: Mapping[str, bool]) -> None:
        """Adds what a space or a worker got."""
        for outcome, is_met in met.items():
            self.met[outcome] = is_met or self.met.get(outcome, False)

    def __str__(self) -> str:
        met = sum(self.met.values())
        return f"{met} of {len(self.met)} documented outcomes ({self.percent} %)"

    @property
    def percent(self) -> int:
        """The share of the outcomes that the tests got, rounded down."""
        return sum(self.met.values()) * 100 // len(self.met) if self.met else 0


# What a test created, what it asked in those that are deleted by now, and what the whole run got.
SPACES = pytest.StashKey[list[Space]]()
REQUESTS = pytest.StashKey[list[tuple[str, str]]]()
COVERAGE = pytest.StashKey[Coverage]()


def _spaces(item: pytest.Item) -> list[Space]:
    """The spaces of a test that there are."""
    return [space for space in item.stash.get(SPACES, []) if not space.is_deleted]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("bss-sim")
    group.addoption("--bss-sim-url", metavar="URL", help="use the simulator at this URL (default: BSS_SIM_URL, or start one)")
    group.addoption(
        "--bss-sim-fail-under",
        type=_percent,
        metavar="PERCENT",
        help="fail if the tests get a smaller share of the documented outcomes",
    )
    parser.addini("bss_sim_scenario", "the scenario of spaces whose test names none (default: the scenario `default`)")
    parser.addini(
        "bss_sim_fixtures",
        "scenario files, or directories of such, that a simulator is started with; one that runs already has its own",
        type="paths",
        default=[],
    )
    parser.addini("bss_sim_strict", "fail a test that leaves scripted answers unused", type="bool", default=True)


def _percent(text: str) -> int:
    if not text.isdecimal() or int(text) > 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 100")
    return int(text)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    config.stash[COVERAGE] = Coverage()


@pytest.fixture(scope="session")
def bss_sim_server(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """The simulator that all spaces are on. With pytest-xdist each worker has one."""
    url = request.config.getoption("bss_sim_url")
    fixtures = request.config.getini("bss_sim_fixtures")
    with Simulator(url, url_from="--bss-sim-url") if url else Simulator.start(fixtures=fixtures) as simulator:
        yield simulator


@pytest.fixture
def bss_sim_spaces(request: pytest.FixtureRequest, bss_sim_server: Simulator) -> Iterator[Callable[..., Space]]:
    """Creates spaces for this test, by `bss_sim_spaces(scenario=…, fixture=…, label=…)`. They are deleted at its end."""
    spaces = request.node.stash.setdefault(SPACES, [])
    coverage = request.config.stash[COVERAGE]

    def create(scenario: Optional[str] = None, **options: Any) -> Space:
        if scenario is None and options.get("fixture") is None:
            scenario = request.config.getini("bss_sim_scenario") or None
        # A label has 200 characters at most; what tells tests apart stands at the end.
        space = bss_sim_server.space(scenario, **{"label": request.node.nodeid[-200:], **options})
        spaces.append(space)
        return space

    yield create
    for space in _spaces(request.node):
        # A fixture that was torn down before this one may have failed, which only pytest knows yet.
        request.node.stash.setdefault(REQUESTS, []).append((space.id, _requests(space)))
        coverage.add({row["outcome"]: row["met"] for row in space.coverage()["outcomes"]})
        space.delete()


@pytest.fixture
def bss_sim(request: pytest.FixtureRequest, bss_sim_spaces: Callable[..., Space]) -> Space:
    """A space for this test alone."""
    marker = Marker.of(request.node)
    return bss_sim_spaces(marker.scenario, fixture=marker.fixture)


@pytest.hookimpl(trylast=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Fails a test that has passed but leaves scripted answers unused. If it has failed, pytest does not call this."""
    strict = Marker.of(item).strict
    if item.config.getini("bss_sim_strict") if strict is None else strict:
        scripted = [answer for space in _spaces(item) for answer in space.scripted()]
        leftovers = list(filter(None, map(_leftover, scripted)))
        if leftovers:
            pytest.fail("\n".join(["scripted answers are left over:", *leftovers]), pytrace=False)


def _leftover(answer: Json) -> Optional[str]:
    """What is left of a scripted answer, as the report of `bss-sim exec` says it."""
    used, scripted = answer["used"], answer["scripted"]
    times = scripted.get("times")
    if used >= (times or 1):
        return None
    # What an answer is without its saying so.
    defaults = {"when": {}, "probability": 1.0}
    shown = {key: part for key, part in scripted.items() if part != defaults.get(key)}
    text = json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
    return f"{f'given {used} of {times} times' if times else 'never given'}: {text}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Shows the requests of a failing test, each with the reason of its answer."""
    outcome: Any = yield
    report = outcome.get_result()
    if report.failed:
        shown = item.stash.get(REQUESTS, []) + [(space.id, _requests(space)) for space in _spaces(item)]
        report.sections += [(f"bss-sim: requests of space {space}", lines) for space, lines in shown]


def _requests(space: Space) -> str:
    try:
        entries = space.journal(view="brief")
    except ControlError as error:
        return str(error)
    return "\n".join(map(_line, entries)) or "none"


def _line(entry: Json) -> str:
    """A request with its answer and the reason, as the simulator's own texts have it."""
    request, outcome = entry["request"], entry["outcome"]
    answer = f"no response, fault {outcome['fault']}" if outcome["fault"] else entry["response"]["status"]
    code = f" {outcome['error_code']}" if outcome["error_code"] else ""
    return f"#{entry['number']} {request['method']} {request['path']} -> {answer}{code}, {outcome['why']}"


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Takes the coverage of a worker of pytest-xdist."""
    node.config.stash[COVERAGE].add(getattr(node, "workeroutput", {}).get("bss_sim_met", {}))


def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput["bss_sim_met"] = config.stash[COVERAGE].met
    elif session.exitstatus == pytest.ExitCode.OK and _is_too_low(config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _is_too_low(config: pytest.Config) -> bool:
    """Whether the tests had to get more of the outcomes than they did."""
    required = config.getoption("bss_sim_fail_under")
    return required is not None and config.stash[COVERAGE].percent < required and not config.option.collectonly


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    coverage = config.stash[COVERAGE]
    if coverage.met:
        terminalreporter.section("bss-sim")
        terminalreporter.line(f"the tests got {coverage}")
        missing = [outcome for outcome, is_met in coverage.met.items() if not is_met]
        if missing:
            terminalreporter.line(f"not met: {', '.join(missing)}")
    if _is_too_low(config):
        terminalreporter.line(f"--bss-sim-fail-under {config.getoption('bss_sim_fail_under')} is not reached", red=True)
