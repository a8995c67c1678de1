"""The document is one of OpenAPI 3.1, and where Schemathesis cannot look, the simulator does what it says."""

import json

import jsonschema
import requests
from openapi_spec_validator import OpenAPIV31SpecValidator

from conftest import AS_CONTROL

APPLICATION = "/v2/customers/realname-auths/individual"


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def validator(document, schema):
    """A validator by a schema of the document, which may refer to components."""
    return jsonschema.Draft202012Validator({"components": document["components"], **schema})


def test_it_is_valid(document):
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_example_is_what_it_is_an_example_of(document):
    examples = 0
    for path, method, operation in operations(document):
        holders = [operation.get("requestBody", {}), *operation["responses"].values()]
        for content in [content for holder in holders for content in holder.get("content", {}).values()]:
            for name, example in content.get("examples", {}).items():
                errors = validator(document, content["schema"]).iter_errors(example["value"])
                assert [error.message for error in errors] == [], f"{method} {path}: {name}"
                examples += 1
    assert examples > 15, examples


def test_every_operation_has_a_tag_a_summary_and_a_request_id_in_every_answer(document):
    tags = {tag["name"] for tag in document["tags"]}
    for path, method, operation in operations(document):
        assert operation["summary"] and set(operation["tags"]) <= tags, f"{method} {path}"
        for status, response in operation["responses"].items():
            if "$ref" in response:
                response = document["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
            assert "X-Request-Id" in response["headers"], f"{method} {path}: {status}"


def test_the_journal_is_followed_as_described(document, url):
    described = document["paths"]["/_sim/journal/stream"]["get"]["responses"]["200"]
    space = requests.post(f"{url}/_sim/spaces", headers=AS_CONTROL, timeout=10).json()
    of_space = {**AS_CONTROL, "X-Sim-Space": space["id"]}
    with requests.get(f"{url}/_sim/journal/stream", headers=of_space, stream=True, timeout=10) as stream:
        assert stream.status_code == 200
        assert list(described["content"]) == [stream.headers["content-type"]]
        requests.post(url + APPLICATION, json={}, headers={"X-Auth-Token": space["partners"][0]["token"]}, timeout=10)
        lines = stream.iter_lines(decode_unicode=True, chunk_size=1)
        event = {}
        for line in lines:
            if not line:
                break
            key, _, value = line.partition(": ")
            event[key] = value
    assert event["event"] == "entry", event
    entry = validator(document, {"$ref": "#/components/schemas/Entry"})
    assert [error.message for error in entry.iter_errors(json.loads(event["data"]))] == []
