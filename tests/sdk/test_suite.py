"""A client's whole test suite, run in parallel against one simulator."""

import os
import pathlib
import subprocess
import sys

SUITE = pathlib.Path(__file__).parent / "suite"


def test_two_hundred_tests_at_the_same_time_do_not_disturb_each_other(serve):
    environment = {**os.environ, "BSS_SIM_URL": serve("--log-level", "warn")}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "8", "-p", "no:cacheprovider", str(SUITE)]
    run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    assert run.returncode == 0, run.stdout
    assert "200 passed" in run.stdout, run.stdout
