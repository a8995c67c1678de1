"""A simulator of real-name authentication at Huawei Cloud, for tests in Python.

With pytest, take the fixture `bss_sim`: it is a `Space`, a world that belongs to this test alone. Elsewhere:

    with bss_sim.Simulator.start() as simulator:
        space = simulator.space(label="a retry")
        space.script({"error_code": "CBC.0999"})
        ...  # the client under test calls space.url with space.ak and space.sk
        space.verify({"status": 500}, exactly=1)
"""

from .control import ControlError, VerificationError
from .simulator import Simulator
from .space import Clock, Partner, Space

__all__ = ["Clock", "ControlError", "Partner", "Simulator", "Space", "VerificationError"]
