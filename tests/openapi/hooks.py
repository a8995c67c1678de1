"""Gives Schemathesis a world for what it does. Each operation has a space of its own, so that none finds what another has
left; the operations of one scenario share one. Applications always find a world at its beginning: else the first that is
accepted would be the last."""

import os

import requests
import schemathesis

URL = os.environ["BSS_SIM_URL"]
AS_CONTROL = {"Authorization": "Bearer " + os.environ["BSS_SIM_TOKEN"]}

spaces = {}


def space(case):
    """The space of a case."""
    name = "scenario" if case.meta and case.meta.phase.name.value == "stateful" else case.operation.label
    if name not in spaces:
        made = requests.post(f"{URL}/_sim/spaces", headers=AS_CONTROL, timeout=10)
        assert made.status_code == 201, made.text
        spaces[name] = made.json()
    return spaces[name]


def steers(case):
    return case.operation.path.startswith("/_sim")


@schemathesis.auth()
class Caller:
    """The partner of the space, or the token of the control API."""

    def get(self, case, context):
        return AS_CONTROL if steers(case) else {"X-Auth-Token": space(case)["partners"][0]["token"]}

    def set(self, case, headers, context):
        case.headers.update(headers)


@schemathesis.hook
def before_call(context, case, **kwargs):
    case.headers["X-Sim-Space"] = space(case)["id"]
    if not steers(case) and case.method == "POST":
        headers = {**AS_CONTROL, "X-Sim-Space": space(case)["id"]}
        requests.post(f"{URL}/_sim/reset", headers=headers, timeout=10).raise_for_status()
