"""Buckets that speak S3: moto's server behind a guard that verifies signatures, and servers that misbehave."""

import contextlib
import datetime
import logging
import queue
import socket
import socketserver
import threading
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote

import boto3
import requests
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from partner import TIMEOUT, Partner
from test_token import assert_exception

BUCKET = "partner-pictures"
REGION = "ap-southeast-1"
ACCESS_KEY = "BUCKETAK0001"
SECRET_KEY = "bucket/secret+key"
KIB = 1024
NOT_READY = "CBC.99005030"

# The log that a failed test needs is the simulator's.
logging.getLogger("werkzeug").setLevel(logging.ERROR)

# How a picture of each format begins and ends.
ENDS = {
    "png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\0\0\0\0IEND\xae\x42\x60\x82"),
    "jpg": (b"\xff\xd8\xff\xe0\0\x10JFIF\0", b"\xff\xd9"),
    "gif": (b"GIF89a\1\0\1\0", b"\0;"),
    "pdf": (b"%PDF-1.7\n", b"\n%%EOF\n"),
}


def picture(kind="png", size=100):
    """A picture of so many bytes, which is one as far as its two ends say."""
    head, tail = ENDS[kind]
    return head + bytes(size - len(head) - len(tail)) + tail


def bmp(size=100, claims=None):
    """A picture of a format that has no end, but says at its beginning how many bytes it has."""
    claimed = size if claims is None else claims
    numbers = [claimed, 0, 54, 40]
    return (b"BM" + b"".join(number.to_bytes(4, "little") for number in numbers)).ljust(size, b"\0")


def s3(port, **fields):
    """What a scenario says about the bucket of a server on this port."""
    service = {"endpoint": f"http://127.0.0.1:{port}", "bucket": BUCKET, "region": REGION}
    return {"s3": {**service, "access_key": ACCESS_KEY, "secret_key": SECRET_KEY, **fields}}


def scenario(**buckets):
    """A scenario with one partner for each bucket, each with one customer."""
    return {
        "partners": [
            {"id": f"id-of-{name}", "name": name, "xaccount_type": "DEMO_IDP", "bucket": bucket}
            | {"credentials": {"tokens": [f"{name}-token"]}}
            for name, bucket in buckets.items()
        ],
        "customers": [{"id": f"customer-of-{name}", "partner": name} for name in buckets],
    }


@dataclass
class Simulated:
    """A simulator whose partners have buckets."""

    url: str

    def apply(self, *pictures, name="demo"):
        """What the official SDK is answered when it applies with these pictures, as it came over the wire."""
        partner = Partner(self.url, f"{name}-token")
        application = {
            "customer_id": f"customer-of-{name}",
            "identify_type": 0,
            "verified_type": {2: 3, 3: 5}[len(pictures)],
            "verified_file_url": list(pictures),
            "name": "Wang Xiaoming",
            "verified_number": "E12345678",
            "xaccount_type": "DEMO_IDP",
        }
        try:
            assert partner.apply(**application).is_review == 1
        except ClientRequestException as error:
            assert_exception(error, partner.wire)
        return partner.wire

    def get(self, path):
        response = requests.get(f"{self.url}/_sim/{path}", timeout=TIMEOUT)
        response.raise_for_status()
        return response

    def saw(self, wire, check):
        """What the explanation of an answer says that a check saw."""
        checks = self.get(f"journal/{wire.headers['X-Request-Id']}").json()["checks"]
        (found,) = [each for each in checks if each["check"] == check]
        return found["saw"]

    def assert_unreachable(self, wire, *causes, attempts=0):
        """Asserts that the bucket was not reached, that the explanation says why, and that no attempt was counted."""
        assert (wire.status_code, wire.json()["error_code"]) == (400, NOT_READY)
        _, _, cause = self.saw(wire, "partner-ready").partition("bucket cannot be reached (assumed): ")
        assert cause
        assert [each for each in causes if each not in cause] == [], cause
        assert self.get("customers/customer-of-demo").json()["attempts"] == attempts


@dataclass
class Served:
    """What moto has answered to the simulator."""

    target: str
    range: str
    size: int


class Guard:
    """Lets only those requests through to moto that are signed, for moto takes any signature; and notes the answers."""

    def __init__(self):
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.served = []

    def __call__(self, environ, start_response):
        # The test itself, which fills the bucket.
        if "HTTP_AUTHORIZATION" in environ:
            return self.moto(environ, start_response)
        target = environ["REQUEST_URI"]
        refusal = refuse(environ["REQUEST_METHOD"], environ["HTTP_HOST"], target)
        if refusal is not None:
            start_response("403 Forbidden", [("Content-Type", "application/xml")])
            return [b'<?xml version="1.0" encoding="UTF-8"?>\n' + error(refusal, "You may not.")]
        with contextlib.closing(self.moto(environ, start_response)) as answer:
            body = b"".join(answer)
        self.served.append(Served(target.partition("?")[0], environ.get("HTTP_RANGE", ""), len(body)))
        return [body]

    def take(self, key):
        """The answers about an object, which are then forgotten."""
        target = f"/{BUCKET}/{quote('download/' + key)}"
        taken = [each for each in self.served if each.target == target]
        self.served = [each for each in self.served if each.target != target]
        return taken


def refuse(method, host, target):
    """What S3 says against a presigned request. The signature is made again by AWS's own code, from what was meant."""
    path, _, query = target.partition("?")
    given = dict(parse_qsl(query, keep_blank_values=True))
    signature = given.pop("X-Amz-Signature", None)
    if signature is None:
        return "AccessDenied"
    access_key, _, region, _, _ = given["X-Amz-Credential"].split("/")
    if access_key != ACCESS_KEY:
        return "InvalidAccessKeyId"
    if region != REGION:
        return "AuthorizationQueryParametersError"
    signed_at = datetime.datetime.strptime(given["X-Amz-Date"] + "+0000", "%Y%m%dT%H%M%SZ%z")
    now = datetime.datetime.now(datetime.timezone.utc)
    if now > signed_at + datetime.timedelta(seconds=int(given["X-Amz-Expires"])):
        return "AccessDenied"
    parameters = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(given.items()))
    url = f"http://{host}{quote(unquote(path))}?{parameters}"
    request = AWSRequest(method, url, headers={name: host for name in given["X-Amz-SignedHeaders"].split(";")})
    request.context["timestamp"] = given["X-Amz-Date"]
    auth = S3SigV4QueryAuth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", REGION)
    expected = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    return None if signature == expected else "SignatureDoesNotMatch"


def error(code, message):
    """How S3 says that something is wrong."""
    return f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


@contextlib.contextmanager
def moto(port=0, ssl_context=None):
    """moto's server, which has ended when this has. All of them in this process share their buckets."""
    guard = Guard()
    server = make_server("127.0.0.1", port, guard, threaded=True, ssl_context=ssl_context)
    guard.port = server.server_port
    with running(server):
        yield guard


@contextlib.contextmanager
def running(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Storage:
    """The bucket in moto, as the partner fills it."""

    def __init__(self, port):
        config = Config(retries={"total_max_attempts": 1}, request_checksum_calculation="when_required")
        service = {"endpoint_url": f"http://127.0.0.1:{port}", "region_name": REGION, "config": config}
        self.client = boto3.client("s3", aws_access_key_id="partner", aws_secret_access_key="partner", **service)
        self.client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})

    def put(self, key, body):
        self.client.put_object(Bucket=BUCKET, Key=key, Body=body)


@dataclass
class Asked:
    """A request that reached a server."""

    target: str
    headers: dict

    @classmethod
    def read(cls, stream):
        """The next request of a connection; nothing at its end."""
        lines = []
        while (line := stream.readline().decode("latin-1").rstrip("\r\n")):
            lines.append(line)
        if not lines:
            return None
        headers = (line.split(": ", 1) for line in lines[1:])
        return cls(lines[0].split(" ")[1], {name.lower(): value for name, value in headers})


class Misbehaving(socketserver.ThreadingTCPServer):
    """A server that sends, piece by piece, what a generator makes of each request, and then closes the connection."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Connection)
        self.answer = answer
        self.asked = queue.Queue()
        # Set when the test is over: until then, an answer can wait for it.
        self.ended = threading.Event()

    @property
    def port(self):
        return self.server_address[1]


class Connection(socketserver.StreamRequestHandler):
    def handle(self):
        asked = Asked.read(self.rfile)
        if asked is not None:
            self.server.asked.put(asked)
            # The simulator need not wait for the end.
            with contextlib.suppress(ConnectionError):
                for piece in self.server.answer(self.server, asked):
                    self.wfile.write(piece)


@contextlib.contextmanager
def misbehaving(answer):
    server = Misbehaving(answer)
    with running(server):
        try:
            yield server
        finally:
            server.ended.set()


def http(status, body=b"", **headers):
    """An answer over the wire."""
    fields = {"Content-Length": len(body), "Connection": "close"}
    fields.update({name.replace("_", "-"): value for name, value in headers.items()})
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in fields.items() if value is not None)]
    return "\r\n".join([*lines, "", ""]).encode() + body


def piece(body):
    """The answer to a request for the beginning of an object that is no longer than that."""
    return http("206 Partial Content", body, Content_Range=f"bytes 0-{len(body) - 1}/{len(body)}")


def never_answer(server, asked):
    server.ended.wait()
    return []


def stop_in_the_body(server, asked):
    yield http("206 Partial Content", bytes(KIB // 2), Content_Range="bytes 0-1023/4096", Content_Length=KIB)
    server.ended.wait()


def half_of_a_picture(server, asked):
    yield http("206 Partial Content", b"half", Content_Range="bytes 0-7/8", Content_Length=8)


def only_the_beginning(server, asked):
    if asked.headers["range"] == "bytes=0-1023":
        yield http("206 Partial Content", picture(size=KIB), Content_Range="bytes 0-1023/4096")
    else:
        yield http("416 Range Not Satisfiable", error("InvalidRange", "No."))


def always(answer):
    """A server that answers everything like this."""
    return lambda server, asked: [answer]


def closed_port():
    """A port without a listener."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
