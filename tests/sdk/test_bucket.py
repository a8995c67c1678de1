"""What becomes of pictures that are objects of an S3 service, and of a service that does not answer as it should."""

import concurrent.futures
import contextlib
import json
import os
import shlex
import socket
import subprocess
import threading

import pytest
from werkzeug.serving import make_ssl_devcert

from bucket import (
    BUCKET,
    KIB,
    SECRET_KEY,
    Simulated,
    Storage,
    always,
    bmp,
    closed_port,
    error,
    half_of_a_picture,
    http,
    misbehaving,
    moto,
    never_answer,
    only_the_beginning,
    picture,
    piece,
    refuse,
    s3,
    scenario,
    stop_in_the_body,
)
from partner import TIMEOUT
from simulator import simulator

LARGEST = 10 * KIB * KIB
FORMAT, SIZE = "PIC_FORMAT_ERR", "PIC_SIZE_ERR"
FRONT, BACK, IN_HAND = "INVALID_FRONT_IDCARD", "INVALID_BACK_IDCARD", "INVALID_IDCARD_FACE"


@pytest.fixture(scope="module")
def service():
    with moto() as guard:
        yield guard


@pytest.fixture(scope="module")
def storage(service):
    """The partner's bucket, with a picture that is good for the other places."""
    storage = Storage(service.port)
    storage.put("download/in-hand.png", picture())
    return storage


@pytest.fixture
def start(serve, tmp_path):
    """Starts a simulator whose partner `demo` has this bucket, and others by their names."""

    def start(demo, **others):
        return Simulated(serve("--fixtures", written(tmp_path, demo=demo, **others)))

    return start


def written(directory, **buckets):
    """A file with the scenario of these partners."""
    fixture = directory / "buckets.json"
    fixture.write_text(json.dumps(scenario(**buckets)))
    return fixture


def assert_accepted(wire):
    assert (wire.status_code, wire.text) == (200, '{"is_review":1}')


def assert_refused(wire, *items):
    assert (wire.status_code, wire.json().get("fail_check_items")) == (400, list(items))


GOOD = {
    "front.png": picture("png"),
    "front.jpg": picture("jpg"),
    "front.gif": picture("gif"),
    "front.pdf": picture("pdf"),
    "front.bmp": bmp(),
    # The first bytes decide, not the name.
    "front.txt": picture("png"),
    "front": picture("jpg"),
    # The end is in the first piece; in one that overlaps with it; in one that does not.
    **{f"{size}.png": picture(size=size) for size in (KIB - 1, KIB, KIB + 1, 2 * KIB, 2 * KIB + 1, 100 * KIB)},
}


@pytest.mark.parametrize("key", GOOD)
def test_a_good_picture_passes(service, storage, start, key):
    storage.put(f"download/good/{key}", GOOD[key])
    assert_accepted(start(s3(service.port)).apply(f"good/{key}", "in-hand.png"))


BAD = {
    "text.jpg": (b"This is no picture.\n", FORMAT, "no known format of 20 bytes"),
    "scan.jpg": (b"II*\0".ljust(100, b"\0"), FORMAT, "tif of 100 bytes"),
    "empty.png": (b"", FRONT, "empty"),
    "short.png": (picture("png")[:-1], FRONT, "png of 99 bytes, truncated"),
    "short.jpg": (picture("jpg", 5 * KIB)[:-1], FRONT, "jpg of 5119 bytes, truncated"),
    "short.gif": (picture("gif", KIB + 2)[:-1], FRONT, "gif of 1025 bytes, truncated"),
    "short.pdf": (picture("pdf", 3 * KIB)[:-4], FRONT, "pdf of 3068 bytes, truncated"),
    "short.bmp": (bmp(2 * KIB, claims=3 * KIB), FRONT, "bmp of 2048 bytes, truncated"),
}


@pytest.mark.parametrize("key", BAD)
def test_a_bad_picture_fails_its_check(service, storage, start, key):
    body, item, seen = BAD[key]
    storage.put(f"download/bad/{key}", body)
    simulated = start(s3(service.port))
    wire = simulated.apply(f"bad/{key}", "in-hand.png")
    assert_refused(wire, item)
    assert simulated.saw(wire, "pictures-pass").startswith(f'front "bad/{key}": {seen}: {item}')


@pytest.mark.parametrize(
    "stored, asked",
    [
        ("missing/other.png", "missing/front.png"),
        # Objects outside of the directory, even with the same names.
        ("outside.png", "outside.png"),
        ("upload/outside.png", "upload/outside.png"),
        # Keys are no paths: there are no folders, and case and slashes count.
        ("download/folder/front.png", "folder"),
        ("download/folder/front.png", "folder/"),
        ("download/case.png", "CASE.png"),
        ("download/slash/front.png", "slash//front.png"),
        ("download/slash//back.png", "slash/back.png"),
        # Nothing is decoded that was not encoded.
        ("download/a b.png", "a%20b.png"),
        ("download/c d.png", "c+d.png"),
        ("escape.png", "%2e%2e/escape.png"),
    ],
)
def test_an_object_that_is_not_there_is_missing(service, storage, start, stored, asked):
    storage.put(stored, picture())
    simulated = start(s3(service.port))
    wire = simulated.apply(asked, "in-hand.png")
    assert_refused(wire, FRONT)
    assert simulated.saw(wire, "pictures-pass").startswith(f'front "{asked}": missing: ')


def test_every_picture_fails_the_check_of_its_place(service, storage, start):
    simulated = start(s3(service.port))
    assert_refused(simulated.apply("no-front.png", "no-back.png", "in-hand.png"), FRONT, BACK)
    assert_refused(simulated.apply("in-hand.png", "in-hand.png", "no-in-hand.png"), IN_HAND)


@pytest.mark.parametrize(
    "key",
    [
        "护照/正面 1.png",
        "e\u0301 é 😀.png",
        "  two  blanks .png",
        "100%.png",
        "%2e%2e/%41.png",
        "a+b.png",
        "a?b=c.png",
        "a#b.png",
        "a&b=c.png",
        "a//b.png",
        "a/b/c/front.png",
        "folder.png/",
        "download/front.png",
        "a;b@c:d,e$f!g*h'i(j)~k_l-m.png",
        'a|b<c>"d^e`f{g}h[i].png',
    ],
)
def test_a_key_arrives_as_it_was_meant_and_rightly_signed(service, storage, start, key):
    simulated = start(s3(service.port))
    storage.put(f"download/{key}", b"This is no picture.")
    assert_refused(simulated.apply(key, "in-hand.png"), FORMAT)
    storage.put(f"download/{key}", picture(size=5 * KIB))
    assert_accepted(simulated.apply(key, "in-hand.png"))


@pytest.mark.parametrize(
    "size, items, ranges",
    [
        (LARGEST, [], ["bytes=0-1023", "bytes=10484736-10485759"]),
        (LARGEST + 1, [SIZE], ["bytes=0-1023"]),
    ],
)
def test_only_the_ends_of_a_large_picture_are_fetched(service, storage, start, size, items, ranges):
    storage.put("download/large.png", picture(size=size))
    wire = start(s3(service.port)).apply("large.png", "in-hand.png")
    assert_refused(wire, *items) if items else assert_accepted(wire)
    served = service.take("large.png")
    assert [each.range for each in served] == ranges
    assert [each.size for each in served] == [KIB for _ in ranges]


@pytest.mark.parametrize(
    "fields, causes",
    [
        ({"bucket": "no-such-bucket"}, ["404 Not Found", "NoSuchBucket: The specified bucket does not exist"]),
        ({"secret_key": "wrong-secret"}, ["403 Forbidden SignatureDoesNotMatch: You may not."]),
        ({"access_key": "NOSUCHAK"}, ["403 Forbidden InvalidAccessKeyId: You may not."]),
        ({"region": "us-east-1"}, ["403 Forbidden AuthorizationQueryParametersError: You may not."]),
    ],
)
def test_a_bucket_that_cannot_be_opened_is_told_with_the_reason(service, storage, start, fields, causes):
    simulated = start(s3(service.port, **fields))
    simulated.assert_unreachable(simulated.apply("in-hand.png", "in-hand.png"), *causes)


MISBEHAVIOR = {
    "hangs": (never_answer, "no answer within"),
    "stalls": (stop_in_the_body, "no answer within"),
    "closes": (always(b""), "connection closed before message completed"),
    "closes in the body": (half_of_a_picture, "end of file before message length reached"),
    "no HTTP": (always(b"220 mail.example.com ESMTP ready\r\n"), "invalid HTTP version parsed"),
    "no length": (always(b"HTTP/1.1 200 OK\r\nContent-Length: none\r\n\r\n"), "invalid content-length parsed"),
    "no Content-Range": (always(http("206 Partial Content", picture())), "does not give the size of an object"),
    "no size": (always(http("206 ", picture(), Content_Range="bytes 0-99/*")), "does not give the size of an object"),
    "no end": (only_the_beginning, "416 Range Not Satisfiable InvalidRange: No."),
    "ignores the range": (always(http("200 OK", picture())), "200 OK"),
    "ignores the range of a large object": (always(http("200 OK", picture(size=100 * KIB))), "length limit exceeded"),
    "sends all it has": (always(http("200 OK", picture(size=LARGEST), Content_Length=None)), "length limit exceeded"),
    "is elsewhere": (
        always(http("301 Moved", error("PermanentRedirect", "Go."))),
        "301 Moved Permanently PermanentRedirect: Go.",
    ),
    "is none of S3": (always(http("404 Not Found", b"<h1>Not Found</h1>")), "404 Not Found"),
    "fails": (
        always(http("500 Oh", error("InternalError", "Wait."))),
        "500 Internal Server Error InternalError: Wait.",
    ),
    "fails with garbage": (always(http("503 Oh", b"\xff<Code>")), "503 Service Unavailable"),
}


@pytest.mark.parametrize("behavior", MISBEHAVIOR)
def test_a_service_that_does_not_answer_as_it_should_is_told_with_the_reason(start, behavior):
    answer, cause = MISBEHAVIOR[behavior]
    with misbehaving(answer) as server:
        simulated = start(s3(server.port))
        simulated.assert_unreachable(simulated.apply("front.png", "in-hand.png"), cause)


def test_a_bucket_that_hangs_holds_up_no_other_space(service, storage, start):
    with misbehaving(never_answer) as server, concurrent.futures.ThreadPoolExecutor(8) as threads:
        simulated = start(s3(server.port), other=s3(service.port))
        applications = [threads.submit(simulated.apply, "front.png", "in-hand.png") for _ in range(8)]
        for _ in range(2 * len(applications)):
            server.asked.get(timeout=TIMEOUT)
        assert_accepted(simulated.apply("in-hand.png", "in-hand.png", name="other"))
        assert not any(application.done() for application in applications)
        for application in applications:
            simulated.assert_unreachable(application.result(), "no answer within")


def test_the_pictures_of_an_application_are_fetched_side_by_side(start):
    all_asked = threading.Barrier(3)

    def answer(server, asked):
        all_asked.wait(TIMEOUT)
        return [piece(picture())]

    with misbehaving(answer) as server:
        assert_accepted(start(s3(server.port)).apply("front.png", "back.png", "in-hand.png"))


def test_an_outage_costs_no_attempt(service, storage, start):
    with moto() as first:
        simulated = start(s3(first.port))
        assert_refused(simulated.apply("no-front.png", "in-hand.png"), FRONT)
    # More often than a customer may apply.
    for _ in range(4):
        simulated.assert_unreachable(simulated.apply("in-hand.png", "in-hand.png"), "Connection refused", attempts=1)
    with moto(first.port):
        assert_accepted(simulated.apply("in-hand.png", "in-hand.png"))


@pytest.fixture
def names_below_localhost(monkeypatch, tmp_path):
    """Lets the simulator find the bucket's own host on this machine."""
    host = f"{BUCKET}.localhost"
    with contextlib.suppress(socket.gaierror):
        if socket.gethostbyname(host) == "127.0.0.1":
            return
    # Not every resolver knows such names. Where that is allowed, the simulator gets a list of hosts of its own.
    hosts, program = tmp_path / "hosts", tmp_path / "bss-sim"
    hosts.write_text(f"127.0.0.1 localhost {host}\n")
    mount = 'mount --bind "$0" /etc/hosts && exec "$@"'
    with_hosts = ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, str(hosts)]
    if subprocess.run([*with_hosts, "true"], stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip(f"{host} has no address here, and unshare cannot give it one")
    program.write_text(f'#!/bin/sh\nexec {shlex.join([*with_hosts, os.environ["BSS_SIM_BIN"]])} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("BSS_SIM_BIN", str(program))


@pytest.mark.parametrize(
    "addressing, host, path",
    [
        ({}, "localhost", f"/{BUCKET}/download/"),
        ({"addressing": "path"}, "localhost", f"/{BUCKET}/download/"),
        ({"addressing": "virtual"}, f"{BUCKET}.localhost", "/download/"),
    ],
)
def test_the_bucket_is_named_where_the_service_wants_it(start, names_below_localhost, addressing, host, path):
    with misbehaving(lambda server, asked: [piece(picture())]) as server:
        simulated = start(s3(server.port, endpoint=f"http://localhost:{server.port}", **addressing))
        assert_accepted(simulated.apply("a/front 1.png", "in-hand.png"))
        asked = [server.asked.get(timeout=TIMEOUT) for _ in range(2)]
    assert {each.headers["host"] for each in asked} == {f"{host}:{server.port}"}
    assert {each.target.partition("?")[0] for each in asked} == {f"{path}a/front%201.png", f"{path}in-hand.png"}
    assert [refuse("GET", each.headers["host"], each.target) for each in asked] == [None, None]


def test_an_address_cannot_have_the_bucket_before_it(service, start):
    simulated = start(s3(service.port, addressing="virtual"))
    simulated.assert_unreachable(simulated.apply("in-hand.png", "in-hand.png"))


@pytest.mark.parametrize("is_trusted", [True, False])
def test_https_is_spoken_with_those_whom_the_machine_trusts(storage, start, tmp_path, monkeypatch, is_trusted):
    certificate, key = make_ssl_devcert(str(tmp_path / "service"), cn="localhost")
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", certificate)
    with moto(ssl_context=(certificate, key)) as secured:
        simulated = start(s3(secured.port, endpoint=f"https://localhost:{secured.port}"))
        wire = simulated.apply("in-hand.png", "in-hand.png")
        if is_trusted:
            assert_accepted(wire)
        else:
            simulated.assert_unreachable(wire, "invalid peer certificate: UnknownIssuer")


def test_secrets_of_the_bucket_are_never_shown(service, storage, tmp_path, capfd):
    wrong, down, up = s3(service.port, region="us-east-1"), s3(closed_port()), s3(service.port)
    fixture = written(tmp_path, demo=wrong, down=down, up=up)
    # The log is written in batches: all of it is there at the end.
    with simulator("--fixtures", fixture, "--log-level", "debug") as url:
        simulated = Simulated(url)
        for name in ("demo", "down", "up"):
            simulated.apply("in-hand.png", "in-hand.png", name=name)
        journal = simulated.get("journal").text
    log = capfd.readouterr().err
    assert len(json.loads(journal)["entries"]) == 3
    assert log.count("CBC.99005030") == 2
    for secret in (SECRET_KEY, "X-Amz-Signature"):
        assert secret not in journal
        assert secret not in log
