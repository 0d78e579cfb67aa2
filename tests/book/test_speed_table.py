"""The table of speeds: numbers that the benchmark kept, in words for readers."""

import json
from pathlib import Path

from book.site.timings import speed_row

ROOT = Path(__file__).resolve().parents[2]


def test_a_row_has_ours_beside_the_limit_and_the_others() -> None:
    taken = {"ours": 0.002, "library": 0.001, "kornia": 0.02}
    times = {name: {"best": s, "median": 2 * s} for name, s in taken.items()}
    entry = {"name": "conv2d", "times": times, "allowed": {}, "limit": 0.0005}
    assert speed_row(entry) == ["conv2d", "2", "4", "2 library, 0.1 kornia"]
    assert speed_row({**entry, "limit": 1e-6})[2] == ""  # 2,000 times: it says nothing
    assert speed_row({**entry, "limit": 0.0})[2] == ""


def test_what_is_kept_can_be_shown() -> None:
    kept = json.loads((ROOT / "book" / "timings.json").read_text())
    assert kept["machine"] and kept["torch"] and kept["rates"]["operations"] > 1e9
    assert len(kept["rows"]) > 20
    for entry in kept["rows"]:
        assert all(text or place == 2 for place, text in enumerate(speed_row(entry)[:3]))
