"""`scripts/measure_training.py` on its smallest shape."""

import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


def test_a_step_is_measured(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.syspath_prepend(SCRIPTS)
    import measure_training

    words = ["--shape", "tiny", "--size", "32x32", "--batch", "1", "--steps", "1", "--device", "cpu"]
    monkeypatch.setattr(measure_training, "VARIANTS", {"LoRA": {"lora_rank": 2}})
    monkeypatch.setattr(sys, "argv", ["measure_training.py", *words])
    measure_training.main()
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert len(rows) == 3
    assert float(rows[2].split("|")[2]) > 0
