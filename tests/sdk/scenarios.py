"""The project's scenario files, as a client sees them: each request with its caller and its answer."""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional

import yaml

import partner

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


@dataclass
class Exchange:
    """A request with the answer that is expected."""

    method: str
    path: str
    token: Optional[str]
    request: Dict[str, Any]
    status: int
    body: Optional[Dict[str, Any]]

    @property
    def fits_the_sdk(self):
        return self.path == partner.INDIVIDUAL and self.token is not None and partner.can_send(self.request)


@dataclass
class Scenario:
    """A file, with its exchanges up to the first step that is none: only the API can be called from here."""

    path: Path
    exchanges: List[Exchange]

    def __str__(self):
        return self.path.stem


def read(path):
    file = yaml.safe_load(path.read_text(encoding="utf-8"))
    partners = file.get("partners", [])
    tokens = {each["name"]: next(iter(each.get("credentials", {}).get("tokens", [])), None) for each in partners}
    first = partners[0]["name"] if partners else None

    def exchange(step):
        # A partner's name stands for its first token, no name for the first partner; anything else is a token.
        token = tokens.get(step.get("as", first)) or step.get("as")
        path = step.get("path", partner.INDIVIDUAL)
        method = step.get("method", "GET" if path.endswith("/result") else "POST")
        return Exchange(method, path, token, step["request"], step["expect"]["status"], step["expect"].get("body"))

    steps = itertools.takewhile(lambda step: "request" in step, file.get("exchanges", []))
    return Scenario(path, [exchange(step) for step in steps])


def read_all():
    folders = (FIXTURES, FIXTURES / "scenarios", FIXTURES / "pictures")
    return [read(path) for folder in folders for path in sorted(folder.glob("*.yaml"))]
