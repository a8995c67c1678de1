"""`python -m bss_sim …` runs the program `bss-sim` with these arguments."""

import os
import subprocess
import sys

from .program import find_program


def main() -> None:
    command = [find_program(), *sys.argv[1:]]
    if os.name == "nt":
        sys.exit(subprocess.call(command))
    os.execvp(command[0], command)


main()
