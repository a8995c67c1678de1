"""The JSON Schema of scenario files takes what the simulator takes, and refuses what it refuses."""

import os
import pathlib
import subprocess

import jsonschema
import pytest
import yaml

FIXTURES = pathlib.Path(__file__).parents[2] / "fixtures"
SCHEMA = yaml.safe_load((FIXTURES / "scenario.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

PARTNER = "partners: [{{ id: p, name: demo, xaccount_type: X_IDP, {} }}]"

# What is wrong, and a file that has it.
BAD = {
    "an unknown key": "setings: { review: manual }",
    "an unknown word": "settings: { review: perhaps }",
    "an edition that is no text": "settings: { contract: 2023 }",
    "a number below 0": "settings: { attempts_per_customer: -1 }",
    "a span without a unit": 'settings: { review_after: "200" }',
    "a number for a span": "settings: { review_after: 200 }",
    "a partner without a name": "partners: [{ id: p, xaccount_type: X_IDP }]",
    "a number for a name": PARTNER.format("real_name: 1"),
    "a bucket that is two": PARTNER.format("bucket: { objects: [], directory: /tmp }"),
    "a size that is none": PARTNER.format("bucket: { objects: [{ path: a.jpg, size: large }] }"),
    "a mapping for a list": "customers: { id: c }",
    "a point in time that is a number": "customers: [{ id: c, under_review_since: 2026 }]",
    "an unknown error code": "scripted: [{ then: { error_code: CBC.1 } }]",
    "two answers at once": "scripted: [{ then: { error_code: CBC.0999, is_review: 0 } }]",
    "an answer that says nothing": "scripted: [{ then: {} }]",
    "a sequence without a step": "scripted: [{ then: [] }]",
    "an unknown review": "scripted: [{ then: { is_review: 2 } }]",
    "an unknown check item": "scripted: [{ then: { error_code: CBC.99007004, fail_check_items: [PIC_TOO_NICE] } }]",
    "check items of another code": "scripted: [{ then: { error_code: CBC.0999, fail_check_items: [PIC_SIZE_ERR] } }]",
    "a status of no gateway": "scripted: [{ then: { is_review: 0, status: 413 } }]",
    "an unknown fault": "scripted: [{ then: { fault: explode } }]",
    "an answer that is never given": "scripted: [{ times: 0, then: { is_review: 0 } }]",
    "a probability beyond 1": "scripted: [{ probability: 1.5, then: { is_review: 0 } }]",
    "two operators": "scripted: [{ when: { name: { prefix: a, suffix: b } }, then: { is_review: 0 } }]",
    "an unknown operator": "scripted: [{ when: { name: { like: a } }, then: { is_review: 0 } }]",
    "text for an integer": "scripted: [{ when: { identify_type: zero }, then: { is_review: 0 } }]",
    "a request without an answer": "exchanges: [{ request: {} }]",
    "two steps in one": "exchanges: [{ advance: 2h, review: { customer: c, decision: approve } }]",
    "a request that is nothing": "exchanges: [{ request: null, expect: { status: 200 } }]",
}

# What is unusual but right.
GOOD = {
    "nothing given": "settings: { review_after: null }",
    "spans of all forms": "exchanges: [{ advance: 1h 30m }, { advance: 2 hours }, { advance: PT2H }, { advance: 1.5h }]",
    "sizes of all forms": PARTNER.format(
        "bucket: { objects: [{ path: a.jpg, size: 0 }, { path: b.jpg, size: 10MiB }, { path: c.jpg, size: 1.5 kB }] }"
    ),
    "a list of conditions": "scripted: [{ when: { identify_type: [0, 1], name: { regex: ^a } }, then: { fault: hang } }]",
    "a sequence": "scripted: [{ then: [{ gateway: APIGW.0201, status: 413 }, { is_review: 0 }] }]",
}


def by_schema(text):
    return [error.message for error in VALIDATOR.iter_errors(yaml.safe_load(text))]


def by_loader(text, path):
    path.write_text(text)
    command = [os.environ["BSS_SIM_BIN"], "check", str(path)]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=10)


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_key_says_what_it_is_for():
    shapes = {"": SCHEMA, **SCHEMA["$defs"]}
    silent = [
        f"{name}.{key}"
        for name, shape in shapes.items()
        for key, value in shape.get("properties", {}).items()
        if "description" not in value
    ]
    assert silent == []


@pytest.mark.parametrize("path", sorted(FIXTURES.rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_fixture_passes(path):
    assert by_schema(path.read_text()) == []


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_what_is_wrong_is_refused_by_both(text, tmp_path):
    loaded = by_loader(text, tmp_path / "bad.yaml")
    assert by_schema(text) and loaded.returncode == 3, loaded.stdout


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD.keys())
def test_what_is_right_is_taken_by_both(text, tmp_path):
    loaded = by_loader(text, tmp_path / "good.yaml")
    assert by_schema(text) == [] and loaded.returncode == 0, loaded.stdout
