"""What the tests of the package need. They run with the package installed:

    pip install dist/bss_sim-*x86_64.whl -r packages/python/tests/requirements.txt && pytest packages/python/tests
"""

import pytest

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def no_other_simulator(monkeypatch):
    """Each run of the plugin under test starts a simulator of its own."""
    monkeypatch.delenv("BSS_SIM_URL", raising=False)
