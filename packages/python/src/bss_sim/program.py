"""The program `bss-sim`: where it is, and running it."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, distribution
from typing import Iterable, Optional, Union

from .control import ControlError

StrPath = Union[str, "os.PathLike[str]"]


def find_program() -> str:
    """The path of the program: that of `BSS_SIM_BIN`, the one that this package brings, or one on `PATH`."""
    program = os.environ.get("BSS_SIM_BIN") or _own_program() or shutil.which("bss-sim")
    if not program:
        raise ControlError(
            f"there is no program bss-sim for {sys.platform}-{platform.machine()}: install a wheel of bss-sim that has it, "
            "put it on PATH, or set BSS_SIM_BIN to its path"
        )
    return program


def _own_program() -> Optional[str]:
    try:
        files = distribution("bss-sim").files or ()
    except PackageNotFoundError:
        return None
    paths = (os.path.normpath(file.locate()) for file in files if file.name in ("bss-sim", "bss-sim.exe"))
    return next(filter(os.path.isfile, paths), None)


class Process:
    """A simulator on a free port of 127.0.0.1. It ends with `close`, and with this process, however that ends."""

    def __init__(self, program: StrPath, scenario: Optional[str] = None, fixtures: Iterable[StrPath] = ()) -> None:
        # With its stdin it has a pipe, which closes even if this process is killed.
        options = ["--listen", "127.0.0.1:0", "--log-level", "warn", "--stop-with-stdin"]
        command = [os.fspath(program), "serve", *options]
        if scenario is not None:
            command += ["--scenario", scenario]
        for path in fixtures:
            command += ["--fixtures", os.fspath(path)]
        with tempfile.TemporaryFile() as log:
            # In a session of its own, so that Ctrl-C is for the tests, which end it when they have ended.
            try:
                self._process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True
                )
            except OSError as error:
                raise ControlError(f"bss-sim did not start: {error}") from None
            assert self._process.stdout is not None
            ready = self._process.stdout.readline()
            if not ready:
                self.close()
                log.seek(0)
                raise ControlError(f"bss-sim did not start: {log.read().decode(errors='replace').strip()}")
        self.url: str = json.loads(ready)["url"]

    def close(self) -> None:
        """Ends the simulator, and waits until it has ended. A second call does nothing."""
        assert self._process.stdin is not None and self._process.stdout is not None
        if self._process.stdin.closed:
            return
        self._process.stdin.close()
        # A process that was forked from this one may hold the pipe open.
        self._process.terminate()
        self._process.stdout.close()
        self._process.wait()
