"""What the tests of the document and of the schema have in common.

`cargo test` runs these tests. By hand, in a virtual environment with `requirements.txt`:

    BSS_SIM_BIN=target/debug/bss-sim pytest tests/openapi
"""

import pytest
import requests

from simulator import simulator

CONTROL_TOKEN = "control-token"
AS_CONTROL = {"Authorization": f"Bearer {CONTROL_TOKEN}"}


@pytest.fixture(scope="session")
def url():
    """A simulator that wants its control token."""
    with simulator("--control-token", CONTROL_TOKEN, "--log-level", "warn") as url:
        yield url


@pytest.fixture(scope="session")
def document(url):
    """What the simulator says of itself."""
    answer = requests.get(f"{url}/_sim/openapi.json", headers=AS_CONTROL, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()
