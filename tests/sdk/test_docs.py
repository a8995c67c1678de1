"""The program of docs/clients.md that uses the official SDK works as it is there."""

import pathlib
import re

CLIENTS = (pathlib.Path(__file__).parents[2] / "docs" / "clients.md").read_text(encoding="utf-8")


def test_the_python_program_gets_its_answer_each_time(serve):
    programs = re.findall(r"```python\n(.*?)```", CLIENTS, re.DOTALL)
    (program,) = [program for program in programs if "http://127.0.0.1:8080" in program]
    program = program.replace("http://127.0.0.1:8080", serve())
    for _ in range(2):
        names = {}
        exec(program, names)
        assert names["response"].is_review == 1
