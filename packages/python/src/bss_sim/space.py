"""A space: an isolated world for one test."""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta, timezone
from typing import Any, Mapping, NamedTuple, Optional, Union
from urllib.parse import urlsplit

from .control import Control, ControlError, VerificationError, segment

Json = dict[str, Any]
# `"2h"`, as scenario files have it, or a `timedelta`.
Span = Union[str, timedelta]

# The keys of a scripted answer. An argument of `script` that has none of these is an answer to one request.
_SCRIPTED = {"when", "probability", "times", "delay", "then"}

# The variables that are set to the URL. With them an official SDK calls the simulator in the place of the real service.
_URL_VARIABLES = (
    "BSS_SIM_URL",
    "HUAWEICLOUD_SDK_IAM_ENDPOINT",
    "HUAWEICLOUD_SDK_REGION_BSSINTL_AP_SOUTHEAST_1",
    "HUAWEICLOUD_SDK_REGION_BSSINTL_EU_WEST_101",
    "HUAWEICLOUD_SDK_REGION_BSS_CN_NORTH_1",
    "HUAWEICLOUD_SDK_STS_ENDPOINT",
)


class Partner(NamedTuple):
    """A partner of a space, with its credentials, which lead to this space."""

    name: str
    """Its name in the scenario."""
    id: str
    """The account (domain) ID."""
    xaccount_type: str
    """The platform ID."""
    token: Optional[str]
    """The first token, for `X-Auth-Token`."""
    ak: Optional[str]
    """The ID of the first access key."""
    sk: Optional[str]
    """The secret of that key."""


class Space:
    """An isolated world, with partners, customers, certificates, scripted answers, a journal and a clock of its own.

    A client is in the space if it calls `url` with the token, the access key or the login that are here.
    """

    def __init__(self, url: str, made: Json) -> None:
        """A space of the simulator at `url`, from the answer of `POST /_sim/spaces`."""
        self.id: str = made["id"]
        self.label: Optional[str] = made.get("label")
        self.partners = [Partner(**partner) for partner in made["partners"]]
        self.clock = Clock(url, self.id)
        self.is_deleted = False
        self._users: list[dict[str, str]] = made["users"]
        self._control = Control(url, self.id)

    def __repr__(self) -> str:
        return f"<bss_sim.Space {self.id} {self.label or ''}>"

    @property
    def url(self) -> str:
        """The URL that clients call, without a slash at its end."""
        return self._control.url

    @property
    def partner(self) -> Partner:
        """The first partner."""
        if not self.partners:
            raise ControlError("the scenario of this space has no partner")
        return self.partners[0]

    @property
    def token(self) -> Optional[str]:
        """A token of the first partner, for `X-Auth-Token`."""
        return self.partner.token

    @property
    def ak(self) -> Optional[str]:
        """The ID of an access key of the first partner."""
        return self.partner.ak

    @property
    def sk(self) -> Optional[str]:
        """The secret of that access key."""
        return self.partner.sk

    @property
    def user(self) -> Optional[str]:
        """The name of a user of the first partner. Its login at `POST /v3/auth/tokens` gives a token of this space."""
        return self._login("name")

    @property
    def password(self) -> Optional[str]:
        """The password of that user."""
        return self._login("password")

    @property
    def domain(self) -> Optional[str]:
        """The domain of that user: the name of the partner."""
        return self._login("domain")

    def _login(self, part: str) -> Optional[str]:
        return next((user[part] for user in self._users if user["domain"] == self.partner.name), None)

    @property
    def env(self) -> dict[str, str]:
        """The environment variables that lead another program, an official SDK or a test command, to this space: those that
        `bss-sim exec` sets.
        """
        values = {
            **dict.fromkeys(_URL_VARIABLES, self.url),
            "BSS_SIM_PARTNER": self.partner.name,
            "BSS_SIM_PARTNER_ID": self.partner.id,
            "BSS_SIM_XACCOUNT_TYPE": self.partner.xaccount_type,
            "BSS_SIM_TOKEN": self.token,
            "BSS_SIM_AK": self.ak,
            "BSS_SIM_SK": self.sk,
            "BSS_SIM_USER": self.user,
            "BSS_SIM_PASSWORD": self.password,
            "BSS_SIM_DOMAIN": self.domain,
            "HUAWEICLOUD_SDK_DOMAIN_ID": self.partner.id,
            "HUAWEICLOUD_SDK_AK": self.ak,
            "HUAWEICLOUD_SDK_SK": self.sk,
        }
        # Some clients read the one, some the other. If only one of them is set, its hosts are meant for both.
        unproxied = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
        host = urlsplit(self.url).hostname
        hosts = f"{unproxied},{host}" if unproxied and unproxied != "*" else unproxied or host
        values.update(no_proxy=hosts, NO_PROXY=hosts)
        return {name: value for name, value in values.items() if value is not None}

    def script(self, *answers: Mapping[str, Any]) -> None:
        """Fixes the answers to the next requests, one after the other, in the format of a scenario file.

        `{"error_code": "CBC.0999"}` answers one application, and so do `gateway`, `fault`, `is_review` and `raw`. For other
        requests, or for more, this belongs into `then`, beside `when`, `times`, `delay` or `probability`.
        """
        scripted = [answer if _SCRIPTED & answer.keys() else {"times": 1, "then": answer} for answer in answers]
        self._control.call("POST", "/scripted", scripted)

    def scripted(self) -> list[Json]:
        """The scripted answers that are left, each with how often it was `used` and may still be used (`left`)."""
        scripted: list[Json] = self._control.call("GET", "/scripted")["scripted"]
        return scripted

    def verify(
        self,
        match: Optional[Mapping[str, Any]] = None,
        exactly: Optional[int] = None,
        *,
        at_least: Optional[int] = None,
        at_most: Optional[int] = None,
        within: Optional[Span] = None,
    ) -> None:
        """Raises a `VerificationError` unless the journal has so many requests that match; without a number, one or more.

        `match` names fields of the request and of its outcome: `{"customer_id": "customer-new", "status": 500}`. `within`
        waits until there are enough, for 60 seconds at most.
        """
        __tracebackhide__ = True
        counts = {"exactly": exactly, "at_least": at_least, "at_most": at_most}
        count = {name: number for name, number in counts.items() if number is not None}
        self._verify({"match": match or {}, **({"count": count} if count else {})}, within)

    def verify_sequence(self, matches: list[Mapping[str, Any]], *, within: Optional[Span] = None) -> None:
        """Raises a `VerificationError` unless the journal has a request for each of these, in this order. Others may stand
        between them.
        """
        __tracebackhide__ = True
        self._verify({"sequence": matches}, within)

    def _verify(self, expected: Json, within: Optional[Span]) -> None:
        __tracebackhide__ = True
        if within is not None:
            expected["within"] = _span(within)
        try:
            self._control.text("POST", "/verify", expected)
        except ControlError as error:
            if error.status == 409:
                raise VerificationError(str(error)) from None
            raise

    def review(self, customer: str, decision: str, opinion: Optional[str] = None) -> None:
        """Decides the review that a customer is under: `"approve"`, or `"reject"` with an opinion."""
        review = {"decision": decision, **({} if opinion is None else {"opinion": opinion})}
        self._control.call("POST", f"/customers/{segment(customer)}/review", review)

    def journal(
        self,
        *,
        customer_id: Optional[str] = None,
        error_code: Optional[str] = None,
        status: Optional[int] = None,
        path: Optional[str] = None,
        caller: Optional[str] = None,
        rule: Optional[str] = None,
        order: Optional[str] = None,
        view: Optional[str] = None,
        limit: Optional[int] = None,
    ) -> list[Json]:
        """The requests of this space that have all of this, the oldest first, or with `order="desc"` the newest.

        `outcome.why` of each says what decided. `view="brief"` leaves out the checks. Without a limit it is all requests.
        """
        query: dict[str, Any] = {
            "customer_id": customer_id,
            "error_code": error_code,
            "status": status,
            "path": path,
            "caller": caller,
            "rule": rule,
            "order": order,
            "view": view,
        }
        entries: list[Json] = []
        while limit is None or len(entries) < limit:
            query["limit"] = None if limit is None else limit - len(entries)
            page = self._control.call("GET", "/journal", query=query)
            entries += page["entries"]
            if not page["truncated"]:
                break
            query["before" if order == "desc" else "since"] = page["next"]
        return entries

    def why(self, request_id: str) -> str:
        """A text that says why a request got its answer: every check, and what it compared. The ID is in the answer's
        `X-Request-Id`, which an SDK's exceptions have as well.
        """
        return self._control.text("GET", f"/journal/{segment(request_id)}")

    def explain(self, request: Mapping[str, Any], as_: Optional[str] = None) -> Json:
        """The answer that an application would get now, in `response`, and why. Nothing changes. `as_` is a token or the name
        of a partner: without it, the first one's.
        """
        caller = self.partner.name if as_ is None else as_
        explanation: Json = self._control.call("POST", "/explain", {"as": caller, "request": request})
        return explanation

    def customer(self, customer: str) -> Json:
        """The state of a customer."""
        state: Json = self._control.call("GET", f"/customers/{segment(customer)}")
        return state

    def put_customer(self, customer: str, **state: Any) -> Json:
        """Creates or replaces a customer, as in a scenario file: `put_customer("customer-late", partner="demo-partner")`."""
        stored: Json = self._control.call("PUT", f"/customers/{segment(customer)}", state)
        return stored

    def certificate(self, number: str) -> Json:
        """The state of a certificate, with the customers that used it."""
        state: Json = self._control.call("GET", f"/certificates/{segment(number)}")
        return state

    def put_certificate(self, number: str, **state: Any) -> Json:
        """Creates or replaces a certificate, as in a scenario file: `put_certificate("E00000999", blocked=True)`."""
        stored: Json = self._control.call("PUT", f"/certificates/{segment(number)}", state)
        return stored

    def world(self) -> Json:
        """All of the space, as a scenario: another space can start from it as its `fixture`."""
        world: Json = self._control.call("GET", "/world")
        return world

    def coverage(self) -> Json:
        """Which documented outcomes the applications of this space got: `met`, `of`, and the `outcomes`."""
        coverage: Json = self._control.call("GET", "/coverage")
        return coverage

    def reset(self) -> None:
        """Takes the space back to its start."""
        self._control.call("POST", "/reset")

    def delete(self) -> None:
        """Deletes the space. Its credentials are not valid any more."""
        self._control.call("DELETE", f"/spaces/{segment(self.id)}")
        self.is_deleted = True


class Clock:
    """The clock of a space. Tokens, reviews and the journal follow it; the date of a signature does not."""

    def __init__(self, url: str, space: str) -> None:
        self._control = Control(url, space)

    @property
    def now(self) -> datetime:
        """The time, in UTC."""
        seconds, _, fraction = self._control.call("GET", "/clock")["now"].rstrip("Z").partition(".")
        micros = int(fraction[:6].ljust(6, "0"))
        return datetime.fromisoformat(seconds).replace(microsecond=micros, tzinfo=timezone.utc)

    def advance(self, by: Span) -> None:
        """Puts it forward, by `"2h"` for example."""
        self._change(advance=_span(by))

    def freeze(self) -> None:
        """Stops it."""
        self._change(freeze=True)

    def unfreeze(self) -> None:
        """Lets it go on."""
        self._change(freeze=False)

    def set(self, time: Union[str, date]) -> None:
        """Sets it to a time with its offset, or to the beginning of a date in UTC."""
        self._change(set=time.isoformat() if isinstance(time, date) else time)

    def reset(self) -> None:
        """Gives it the time of the machine again."""
        self._change(reset=True)

    def _change(self, **change: Any) -> None:
        self._control.call("PUT", "/clock", change)


def _span(span: Span) -> str:
    return span if isinstance(span, str) else f"{span // timedelta(milliseconds=1)}ms"
