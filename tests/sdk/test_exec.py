"""What a test suite needs to know of the simulator when `bss-sim exec` runs it: nothing."""

import os
import pty
import subprocess
import sys

# A program that knows only the real service: the region, and that the environment has its keys.
PROGRAM = """
from huaweicloudsdkbssintl.v2 import ApplyIndividualRealnameAuthsReq, BssintlClient, CreatePersonalRealnameAuthRequest
from huaweicloudsdkbssintl.v2.region.bssintl_region import BssintlRegion
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

client = BssintlClient.new_builder().with_region(BssintlRegion.value_of("ap-southeast-1")).build()
application = ApplyIndividualRealnameAuthsReq(
    customer_id="customer-new",
    identify_type=0,
    verified_type=3,
    verified_file_url=["profile.jpg", "in-hand.jpg"],
    name="Wang Xiaoming",
    verified_number="E12345678",
    xaccount_type="***_IDP",
)
request = CreatePersonalRealnameAuthRequest(application)
print(client.create_personal_realname_auth(request).is_review)
try:
    client.create_personal_realname_auth(request)
except ClientRequestException as error:
    print(error.error_code)
"""

# Counts how often it is interrupted, until its input ends. Python itself would take two interrupts in a row for one.
COUNTING = """
import os, signal, sys
interrupts, wakeup = os.pipe()
os.set_blocking(wakeup, False)
signal.set_wakeup_fd(wakeup)
signal.signal(signal.SIGINT, lambda *_: print("interrupted", flush=True))
print("ready", flush=True)
sys.stdin.read()
print("count", len(os.read(interrupts, 100)), flush=True)
"""


def environment(**more):
    """That of this process, without settings of the simulator."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("BSS_SIM_")}
    return {**inherited, **more}


def test_an_unchanged_sdk_finds_the_simulator():
    # What a developer's environment may have: it is not to be used.
    real = {"HUAWEICLOUD_SDK_AK": "REALAK", "HUAWEICLOUD_SDK_SK": "real-secret", "HUAWEICLOUD_SDK_DOMAIN_ID": "real"}
    proxy = {"http_proxy": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"}
    done = subprocess.run(
        [os.environ["BSS_SIM_BIN"], "exec", "--coverage-fail-under", "8", "--", sys.executable, "-c", PROGRAM],
        env=environment(**real, **proxy),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "1\nCBC.99000027\n"), done.stderr
    report = done.stderr.splitlines()
    assert "documented outcomes that were seen: is_review 1, CBC.99000027" in report
    assert not any("/v3/" in line for line in report), "it has the ID of the account, and does not ask for it"
    summary = "requests: 2, unexpected: 0, scripted answers left over: 0, seen: 2 of 24 documented outcomes (8 %)"
    assert report[-1] == f"bss-sim: {summary}"


class Terminal:
    """A process at the front of a terminal of its own."""

    def __init__(self, *command):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execve(command[0], command, environment())
        self.shown = ""

    def type(self, keys):
        os.write(self.terminal, keys)

    def wait_for(self, text):
        """Reads until the terminal shows this once more."""
        while text not in self.shown:
            self.shown += os.read(self.terminal, 4096).decode()
        _, _, self.shown = self.shown.partition(text)

    def end(self):
        """The exit code."""
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.terminal)
        return code


def test_at_a_terminal_each_interrupt_reaches_the_command_once():
    terminal = Terminal(os.environ["BSS_SIM_BIN"], "exec", "--", sys.executable, "-c", COUNTING)
    terminal.wait_for("ready")
    for _ in range(5):
        terminal.type(b"\x03")
        terminal.wait_for("interrupted")
    terminal.type(b"\x04")
    terminal.wait_for("count 5\r\n")
    terminal.wait_for("(0 %)\r\n")
    assert terminal.end() == 0


def test_explain_at_a_terminal_says_what_to_give():
    terminal = Terminal(os.environ["BSS_SIM_BIN"], "explain")
    terminal.wait_for("`bss-sim explain < request.json`")
    assert terminal.end() == 2
