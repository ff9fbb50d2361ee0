"""The counts of `make faults`, in small: everything that is tried comes out right."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parents[1] / "support"


def count(*options):
    """In a process of its own: it forks, which a process whose threads compute must not do."""
    command = [sys.executable, str(SUPPORT / "faults.py"), "--seed", "1"]
    nothing = ["--kills", "0", "--damage", "0", "--truncations", "0", "--media", "0"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([*command, *nothing, *options], capture_output=True, text=True, env=environment, check=False)
    assert done.stdout, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "options", [("--kills", "2", "--frames", "120"), ("--damage", "1"), ("--truncations", "1"), ("--media", "16")]
)
def test_everything_that_is_tried_comes_out_right(options):
    assert [case for case in count(*options) if case["right"] < case["tried"]] == []
