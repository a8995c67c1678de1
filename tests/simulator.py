"""Starts simulators for the tests in Python."""

import contextlib
import json
import os
import select
import signal
import subprocess

# The simulator is on this machine; a proxy that the environment names is not for it.
os.environ["no_proxy"] = "127.0.0.1"


@contextlib.contextmanager
def simulator(*options):
    """A simulator on a free port. It has to log that it is ready, and to end with 0 after SIGTERM."""
    # Each flag can be given by the environment too: only the options given here shall count.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("BSS_SIM_")}
    command = [os.environ["BSS_SIM_BIN"], "--listen", "127.0.0.1:0", *map(str, options)]
    # The log on stderr is the test's own: pytest shows it when the test fails.
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    with process:
        try:
            yield ready(process)["url"]
            # The client has not closed its connection: that must not hold up the end.
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=1) == 0
            assert process.stdout.read() == "", "stdout has the ready line and nothing else"
        finally:
            process.kill()


def ready(process):
    """The ready line: the first on stdout."""
    readable, _, _ = select.select([process.stdout], [], [], 10)
    assert readable, "no ready line within 10 seconds"
    line = process.stdout.readline()
    assert line, f"the simulator ended with exit code {process.wait()} before it was ready"
    event = json.loads(line)
    assert event["event"] == "ready"
    return event
