"""A simulator: one that runs already, or one that is started."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any, Callable, Iterable, Mapping, Optional

from .control import Control
from .program import Process, StrPath, find_program
from .space import Space


class Simulator:
    """A simulator. In a `with` statement it is closed at the end."""

    def __init__(
        self, url: str, close: Callable[[], None] = lambda: None, *, url_from: Optional[str] = "the argument url"
    ) -> None:
        """Connects to the simulator at this URL. `close` is called by the method of this name. `url_from` is what errors say
        of the URL.
        """
        self._control = Control(url, url_from=url_from)
        self._control.check_version()
        self._close = close

    @classmethod
    def start(
        cls,
        url: Optional[str] = None,
        *,
        program: Optional[StrPath] = None,
        scenario: Optional[str] = None,
        fixtures: Iterable[StrPath] = (),
    ) -> Simulator:
        """Connects to the simulator at `url` or else at the URL in `BSS_SIM_URL`. Without either it starts one, on a free
        port, which ends with this process at the latest.

        The program is `program`, else that of `BSS_SIM_BIN`, the one that this package brings, or one on `PATH`. `scenario`
        and `fixtures`, which are paths of scenario files or of directories, are for a simulator that is started.
        """
        if url:
            return cls(url)
        found = os.environ.get("BSS_SIM_URL")
        if found:
            return cls(found, url_from="BSS_SIM_URL")
        process = Process(program or find_program(), scenario, fixtures)
        try:
            return cls(process.url, process.close, url_from=None)
        except BaseException:
            process.close()
            raise

    @property
    def url(self) -> str:
        """The URL that clients call, without a slash at its end."""
        return self._control.url

    def space(
        self, scenario: Optional[str] = None, *, fixture: Optional[Mapping[str, Any]] = None, label: Optional[str] = None
    ) -> Space:
        """Creates a space from a scenario that the simulator knows, or from a fixture: a scenario of its own, as a file has
        it. Without either it is the scenario `default`. People see the label, of 200 characters at most.
        """
        parts = {"scenario": scenario, "fixture": fixture, "label": label}
        given = {name: part for name, part in parts.items() if part is not None}
        return Space(self.url, self._control.call("POST", "/spaces", given))

    def coverage(self) -> dict[str, Any]:
        """Which documented outcomes the applications of all spaces got, also of those that were deleted: `met`, `of`, and
        the `outcomes`.
        """
        coverage: dict[str, Any] = self._control.call("GET", "/coverage", query={"space": "*"})
        return coverage

    def close(self) -> None:
        """Ends the simulator if `start` has started it, and waits for its end."""
        self._close()

    def __enter__(self) -> Simulator:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()
