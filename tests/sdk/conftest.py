"""What the tests of the official SDK have in common.

`cargo test` runs these tests. By hand, in a virtual environment with `requirements.txt`:

    BSS_SIM_BIN=target/debug/bss-sim pytest tests/sdk
"""

import contextlib

import pytest

from simulator import simulator


@pytest.fixture
def serve():
    """Starts a simulator with these options of the command line, and gives its URL."""
    with contextlib.ExitStack() as running:
        yield lambda *options: running.enter_context(simulator(*options))
