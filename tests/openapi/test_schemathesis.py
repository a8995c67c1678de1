"""Schemathesis asks all doors for all that the document describes, and for much that it does not."""

import os
import pathlib
import subprocess
import sys

import requests

from conftest import AS_CONTROL, CONTROL_TOKEN

INDIVIDUAL = "/v2/customers/realname-auths/individual"
HERE = pathlib.Path(__file__).parent


def test_it_finds_nothing(url, tmp_path):
    command = [
        pathlib.Path(sys.executable).with_name("schemathesis"),
        f"--config-file={HERE / 'schemathesis.toml'}",
        "--no-color",
        "run",
        f"{url}/_sim/openapi.json",
        f"--header=Authorization: Bearer {CONTROL_TOKEN}",
        # It has no end: test_document.py looks at it.
        "--exclude-operation-id=followJournal",
        "--warnings=off",
    ]
    environment = {
        **os.environ,
        "BSS_SIM_URL": url,
        "BSS_SIM_TOKEN": CONTROL_TOKEN,
        "PYTHONPATH": str(HERE),
        "SCHEMATHESIS_HOOKS": "hooks",
    }
    # It ends by itself: the limit is for one that hangs, on a machine that is busy.
    run = subprocess.run(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900
    )
    assert run.returncode == 0, run.stdout
    assert "No issues found" in run.stdout, run.stdout
    # A run without requests finds nothing.
    metrics = requests.get(f"{url}/_sim/metrics", headers=AS_CONTROL, timeout=10).text
    for outcome in ["is_review 1", "CBC.0100", "CBC.99000000", "CBC.99000027", "CBC.99007193", "APIGW.0301"]:
        assert f'path="{INDIVIDUAL}",outcome="{outcome}"' in metrics, f"{outcome} was never answered: {metrics}"
