"""A simulator is found or started, and ends with the process that has started it."""

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import pytest

from bss_sim import ControlError, Simulator, program
from bss_sim.program import find_program


def test_a_started_simulator_ends_with_its_block():
    with Simulator.start() as simulator:
        assert simulator.url.startswith("http://127.0.0.1:")
        assert simulator.space().customer("customer-new")["partner"] == "demo-partner"
    with pytest.raises(ControlError, match=f"no simulator answers at {simulator.url}"):
        simulator.space()
    simulator.close()


def test_a_url_is_used_and_its_simulator_goes_on(monkeypatch):
    with Simulator.start() as started:
        with Simulator.start(started.url + "//") as given:
            assert given.url == started.url
        monkeypatch.setenv("BSS_SIM_URL", started.url)
        with Simulator.start() as found:
            assert found.url == started.url
        assert started.space(label="still here").label == "still here"


def test_scenario_and_fixtures_are_those_of_the_program(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\npartners: [{ id: p-1, name: me, xaccount_type: ME_IDP }]\n")
    with Simulator.start(scenario="open", fixtures=[file]) as simulator:
        assert simulator.space("mine").partner.name == "me"
        with pytest.raises(ControlError, match="did you mean `mine`"):
            simulator.space("mien")


def test_why_the_program_did_not_start_is_told(tmp_path):
    with pytest.raises(ControlError, match="bss-sim did not start: there is no scenario `nonsense`"):
        Simulator.start(scenario="nonsense")
    with pytest.raises(ControlError, match="bss-sim did not start: .*missing"):
        Simulator.start(program=tmp_path / "missing")


def test_a_control_token_of_the_environment_is_shown(monkeypatch):
    monkeypatch.setenv("BSS_SIM_CONTROL_TOKEN", "secret")
    with Simulator.start() as simulator:
        simulator.space()
        monkeypatch.delenv("BSS_SIM_CONTROL_TOKEN")
        with pytest.raises(ControlError) as caught:
            Simulator(simulator.url)
        assert caught.value.status == 401
        assert str(caught.value) == (
            f"the simulator at {simulator.url} (from the argument url) refuses this call: "
            "send `Authorization: Bearer` with the control token: "
            "set BSS_SIM_CONTROL_TOKEN to the token that it was started with"
        )


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "localhost:8080", "http://127.0.0.1:8080/v2", "http://"])
def test_what_is_no_url_of_a_simulator_is_refused(url, monkeypatch):
    monkeypatch.setenv("BSS_SIM_URL", url)
    with pytest.raises(ControlError) as caught:
        Simulator.start()
    assert str(caught.value) == (
        f'"{url}" from BSS_SIM_URL is no URL of a simulator: '
        "it has a scheme, a host and maybe a port, such as http://127.0.0.1:8080"
    )


def test_a_server_that_is_silent_is_not_waited_for_long(monkeypatch):
    # The system accepts the connection, and nothing reads from it.
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setenv("BSS_SIM_URL", url)
        with pytest.raises(ControlError) as caught:
            Simulator.start()
    assert str(caught.value) == f"no simulator answers at {url} (from BSS_SIM_URL): no answer in 5 seconds"


def test_without_a_program_the_message_says_what_to_do(monkeypatch):
    monkeypatch.setattr(program, "_own_program", lambda: None)
    monkeypatch.delenv("BSS_SIM_BIN", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ControlError) as caught:
        Simulator.start()
    text = str(caught.value)
    assert text.startswith(f"there is no program bss-sim for {sys.platform}-") and "set BSS_SIM_BIN to its path" in text


class Stranger(http.server.BaseHTTPRequestHandler):
    """Answers everything with the same body."""

    body = b""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_):
        pass


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            json.dumps({"name": "bss-sim", "version": "0.9.0", "control": 2}),
            "bss-sim 0.9.0 at {url} (from the argument url) has version 2 of the control API, and this package knows version 1: "
            "use a package of the same version",
        ),
        ("<html>", "what answers at {url} (from the argument url) is not bss-sim"),
        ("[]", "what answers at {url} (from the argument url) is not bss-sim"),
    ],
)
def test_another_version_and_another_server_are_refused_in_words(body, message, monkeypatch):
    monkeypatch.setattr(Stranger, "body", body.encode())
    with http.server.HTTPServer(("127.0.0.1", 0), Stranger) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        with pytest.raises(ControlError) as caught:
            Simulator.start(url)
        thread.join()
    assert str(caught.value) == message.format(url=url)


def test_a_simulator_ends_with_a_process_that_is_killed():
    code = "import bss_sim; print(bss_sim.Simulator.start().url, flush=True); input()"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        url = urlsplit(process.stdout.readline().strip())
        with socket.create_connection((url.hostname, url.port), timeout=60) as connection:
            process.kill()
            # A simulator that goes on would keep the connection open for longer than this waits.
            assert connection.recv(1) == b""


def test_a_forked_process_does_not_hold_up_the_end():
    code = """
import os, bss_sim
simulator = bss_sim.Simulator.start()
reader, writer = os.pipe()
if os.fork() == 0:
    os.close(writer)
    os.read(reader, 1)
    os._exit(0)
simulator.close()
simulator.close()
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr) == (0, "")


def test_the_module_runs_the_program():
    run = subprocess.run([sys.executable, "-m", "bss_sim", "--version"], capture_output=True, text=True, timeout=60)
    direct = subprocess.run([find_program(), "--version"], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0 and run.stdout == direct.stdout != ""


def test_the_program_is_the_one_that_the_package_brings(monkeypatch):
    monkeypatch.delenv("BSS_SIM_BIN", raising=False)
    folder = os.path.dirname(sys.executable)
    assert os.path.dirname(find_program()) == folder
