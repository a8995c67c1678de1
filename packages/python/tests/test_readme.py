"""The programs in the README of the package work."""

import pathlib
import re

README = (pathlib.Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
EXAMPLE = (pathlib.Path(__file__).parent / "example" / "test_first.py").read_text(encoding="utf-8")


def test_the_programs_work():
    example, program = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert example == EXAMPLE, "the first is a test of this suite"
    exec(program, {})


def test_the_first_program_needs_nothing_beside_it(pytester, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    pytester.makepyfile(test_first=EXAMPLE)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_it_names_every_option(pytestconfig):
    ini = [name for name in pytestconfig._parser._inidict if name.startswith("bss_sim_")]
    options = [name for name in vars(pytestconfig.option) if name.startswith("bss_sim_")]
    names = ini + ["--" + name.replace("_", "-") for name in options]
    assert len(names) == 5
    assert [name for name in names if name not in README] == []
