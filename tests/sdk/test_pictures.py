"""The pictures beside fixtures/pictures/real-pictures.yaml are the ones that their script makes."""

import pathlib
import subprocess
import sys

PICTURES = pathlib.Path(__file__).parents[2] / "fixtures" / "pictures"


def tree(bucket):
    """All files of a bucket, by their path below it."""
    return {str(path.relative_to(bucket)): path.read_bytes() for path in (bucket / "download").rglob("*") if path.is_file()}


def test_the_script_makes_the_pictures_that_lie_beside_it(tmp_path):
    subprocess.run([sys.executable, str(PICTURES / "make.py"), str(tmp_path)], check=True)
    made = tree(tmp_path)
    assert "front.jpg" in {pathlib.Path(path).name for path in made}
    assert made == tree(PICTURES)
