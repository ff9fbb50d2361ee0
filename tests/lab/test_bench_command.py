"""`fairy lab bench` from the words to the files, on a machine that has little installed."""

import json
import os
import subprocess
import sys

import pytest

from fairy.cli.main import main
from fairy.errors import MissingPackageError
from fairy.lab.bench.result import draw_chart

SMALL = ["--num-frames", "3", "--size", "64x48", "--num-steps", "1", "--num-anchors", "0,2", "--repeats", "1"]
ABSENT = ("av", "cv2", "matplotlib", "jinja2", "ray", "gradio", "peft")
BARE = f"""
import sys
for name in {ABSENT}:
    sys.modules[name] = None
from fairy.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def written(sd_folder, tmp_path_factory):
    """The folder of a whole run."""
    folder = tmp_path_factory.mktemp("bench")
    words = ["--cases", "methods,attention,stock", "--profile", "--quiet"]
    assert main(["lab", "bench", "-o", str(folder), "--models", str(sd_folder), *SMALL, *words]) == 0
    return folder


def test_the_result_is_there_for_people_for_programs_and_as_a_picture(written):
    assert sorted(path.suffix for path in written.iterdir()) == [".json", ".md", ".png"]
    assert all("-bench-" in path.name for path in written.iterdir())


def test_the_record_holds_every_part(written):
    record = json.loads(next(written.glob("*.json")).read_text())
    assert record["complete"]
    assert record["machine"]["torch"]
    assert record["floor"]["flops"] > 0
    assert all(record[part] for part in ("methods", "measures", "attention", "profile"))


def test_the_table_has_a_line_for_each_method(written):
    page = next(written.glob("*.md")).read_text()
    record = json.loads(next(written.glob("*.json")).read_text())
    assert all(f"| {row['method']} | " in page for row in record["methods"])
    assert "stopped before the end" not in page


def test_an_existing_result_is_not_replaced_unless_asked(written, sd_folder, capsys):
    words = ["lab", "bench", "-o", str(written), "--models", str(sd_folder), *SMALL, "--cases", "stock", "--quiet"]
    before = {path: path.read_bytes() for path in written.iterdir()}
    assert main(words) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in written.iterdir()} == before


def test_without_matplotlib_there_is_a_note_in_place_of_the_chart(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingPackageError, match="pip install"):
        draw_chart(tmp_path / "chart.png", [], "here")


def test_it_runs_where_little_is_installed(sd_folder, tmp_path):
    words = [
        "lab",
        "bench",
        "-o",
        str(tmp_path),
        "--models",
        str(sd_folder),
        *SMALL,
        "--cases",
        "methods,overhead,memory",
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", BARE, *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout.splitlines()[-1])
    assert {row["failure"] for row in record["methods"]} == {""}
    assert [note.split(":")[0] for note in record["notes"]] == [
        f"Left out for {sd_folder}, because PyAV is not installed",
        "No chart",
    ]
