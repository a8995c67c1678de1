"""What the README shows of the official SDK works as it stands there."""

import pathlib
import re

README = (pathlib.Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_python_client_gets_its_answer(serve):
    (snippet,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert "http://127.0.0.1:8080" in snippet
    names = {}
    exec(snippet.replace("http://127.0.0.1:8080", serve()), names)
    assert names["response"].is_review == 1
