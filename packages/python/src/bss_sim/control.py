"""Calls of the control API, and how they fail."""

from __future__ import annotations

import json
import os
import re
import socket
from http.client import HTTPException
from typing import Any, Mapping, Optional
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

# The version of the control API that this package knows.
VERSION = 1
# How long calls may take, in seconds. The first one asks what answers at a URL: there may be something else. A call of `verify`
# may take 60.
FIRST_TIMEOUT = 5
OTHER_TIMEOUT = 90

# What the URL of a simulator has. A slash at its end is left out.
_URL = re.compile(r"(https?://(?:[^\s/?#@:\[\]]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?)/*", re.IGNORECASE)

# A proxy that the environment names is not for the simulator.
_opener = build_opener(ProxyHandler({}))


class ControlError(Exception):
    """A control call was refused, or nothing answered it. The text is the simulator's own, with a mistake a line.

    `status` is the HTTP status of the answer, or `None` if there is no answer.
    """

    def __init__(self, message: str, status: Optional[int] = None) -> None:
        super().__init__(message)
        self.status = status


class VerificationError(AssertionError):
    """The journal does not have what the test expects. The text is the simulator's own."""


class Control:
    """The control API of the simulator at a URL, for all of it or for one space."""

    def __init__(self, url: str, space: Optional[str] = None, *, url_from: Optional[str] = None) -> None:
        """`url_from` says what named the URL."""
        parts = _URL.fullmatch(url)
        if not parts:
            raise ControlError(
                f'"{url}" from {url_from} is no URL of a simulator: '
                "it has a scheme, a host and maybe a port, such as http://127.0.0.1:8080"
            )
        self.url: str = parts[1]
        self._at = f"{self.url} (from {url_from})" if url_from else self.url
        self._headers = {"Content-Type": "application/json"}
        if space is not None:
            self._headers["X-Sim-Space"] = space
        token = os.environ.get("BSS_SIM_CONTROL_TOKEN")
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, body: Any = None, query: Optional[Mapping[str, Any]] = None) -> Any:
        """The answer, read as JSON; `None` if it is empty. A parameter of the query that is `None` is not sent."""
        __tracebackhide__ = True
        return json.loads(self._send(method, path, body, query or {}, "application/json") or "null")

    def text(self, method: str, path: str, body: Any = None) -> str:
        """The answer as a text for people."""
        __tracebackhide__ = True
        return self._send(method, path, body, {}, "text/plain")

    def check_version(self) -> None:
        """Raises a `ControlError` if what answers is no simulator, or one with other calls than this package knows."""
        try:
            index = json.loads(self._send("GET", "", None, {}, "application/json", FIRST_TIMEOUT))
            version, control = index["version"], index["control"]
        except (ValueError, TypeError, KeyError):
            raise ControlError(f"what answers at {self._at} is not bss-sim") from None
        if control != VERSION:
            raise ControlError(
                f"bss-sim {version} at {self._at} has version {control} of the control API, "
                f"and this package knows version {VERSION}: use a package of the same version"
            )

    def _send(
        self, method: str, path: str, body: Any, query: Mapping[str, Any], accept: str, timeout: int = OTHER_TIMEOUT
    ) -> str:
        __tracebackhide__ = True
        parameters = {name: value for name, value in query.items() if value is not None}
        url = f"{self.url}/_sim{path}" + (f"?{urlencode(parameters)}" if parameters else "")
        data = None if body is None else json.dumps(body).encode()
        request = Request(url, data, {**self._headers, "Accept": accept}, method=method)
        try:
            with _opener.open(request, timeout=timeout) as answer:
                text: str = answer.read().decode()
                return text
        except HTTPError as error:
            with error:
                detail = _in_words(error.read().decode(errors="replace"))
            if error.code == 401:
                detail = (
                    f"the simulator at {self._at} refuses this call: {detail}: "
                    "set BSS_SIM_CONTROL_TOKEN to the token that it was started with"
                )
            raise ControlError(detail, error.code) from None
        except (HTTPException, OSError) as error:
            reason = getattr(error, "reason", error)
            # Before Python 3.10 a socket has an exception of its own for it, which is an `OSError` as well.
            if isinstance(reason, (TimeoutError, socket.timeout)):
                reason = f"no answer in {timeout} seconds"
            raise ControlError(f"no simulator answers at {self._at}: {reason}") from None


def segment(name: str) -> str:
    """A name or an ID as one segment of a path."""
    return quote(name, safe="")


def _in_words(body: str) -> str:
    """What the body of an error says: a sentence, or a line for each mistake."""
    try:
        error = json.loads(body)
        detail = error["detail"]
    except (ValueError, TypeError, KeyError):
        return body.strip()
    if isinstance(detail, str):
        return detail
    lines = [": ".join(mistake[part] for part in ("key", "message", "hint") if mistake.get(part)) for mistake in detail]
    return "\n".join([*lines, "and more"] if error.get("more") else lines)
