"""A folder of the user's tunes: what is read and refused, and the pages drawn from it."""

from __future__ import annotations

import logging
import os
import pickle
import random
import shutil
from collections import Counter
from pathlib import Path
from statistics import median

import pytest

from jazzmus.errors import DataError
from jazzmus.kern.document import RowKind, parse_kern
from jazzmus.kern.notes import height, parse_notes
from jazzmus.kern.systems import count_systems
from jazzmus.kern.written import written_losses
from jazzmus.synthesis.content.user_tunes import KEY_WEIGHTS, UserTunes

SIGNATURES = {
    -5: "b-e-a-d-g-", -4: "b-e-a-d-", -3: "b-e-a-", -2: "b-e-", -1: "b-", 0: "",
    1: "f#", 2: "f#c#", 3: "f#c#g#", 4: "f#c#g#d#", 5: "f#c#g#d#a#",
}  # fmt: skip
BAR = "=\t=\n4dd\tG:7\n8gL\t.\n8bJ\t.\n2cc#X\tA:min7/E\n"
KERN = "**kern\t**mxhm\n*clefG2\t*\n*k[f#]\t*\n*G:\t*\n*M4/4\t*\n" + BAR * 30 + "==\t==\n*-\t*-\n"


def xml(measures: int, fifths: int = 0) -> str:
    note = "<note><pitch><step>G</step><octave>{}</octave></pitch><duration>2</duration></note>"
    inner = "".join(f"<measure>{note.format(3) * 2}</measure>" for _ in range(measures - 1))
    key = f"<key><fifths>{fifths}</fifths></key><time><beats>4</beats><beat-type>4</beat-type></time>"
    first = f"<measure><attributes><divisions>1</divisions>{key}</attributes>{note.format(3) * 2}</measure>"
    return f"<score-partwise><part>{first}{inner}</part></score-partwise>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "more" / "deep").mkdir(parents=True)
    (tmp_path / "b.krn").write_text(KERN, encoding="utf-8")
    (tmp_path / "more" / "deep" / "a.musicxml").write_text(xml(12), encoding="utf-8")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    return tmp_path


def test_files_that_are_no_tunes_cost_a_line_each(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    bad = {
        "a.txt": b"Read me first.",
        "c.krn": KERN.replace("**mxhm", "**harte").encode(),
        "d.krn": KERN.replace("8gL", "8gL8x", 1).encode(),
        "e.kern": KERN.replace("G:7", "G7", 1).encode(),
        "f.krn": b"\xff\xfe\x00",
        "g.mxl": b"PK\x03\x04 torn",
        "h.xml": b"<html/>",
        "i.krn": KERN.replace("4dd", "4r").replace("8gL", "8r").replace("8bJ", "8r").replace("2cc#X", "2r").encode(),
        "j.txt": b"",
    }
    for name, content in bad.items():
        (folder / name).write_bytes(content)
    os.mkfifo(folder / "k.xml")
    with caplog.at_level(logging.WARNING):
        tunes = UserTunes(folder)
    assert len(tunes.texts) == 2
    assert [Path(line.split(":")[0]).name for line in tunes.refused] == sorted(bad)
    assert [record.getMessage() for record in caplog.records] == tunes.refused
    assert not any("\n" in line for line in tunes.refused)
    reasons = ["**harte", "`8gL8x`", "`G7` is no chord", "UTF-8", "broken archive", "no MusicXML", "no notes"]
    assert all(any(reason in line for line in tunes.refused) for reason in reasons)


def test_repairs_and_grace_notes_are_logged(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    grace = "<note><grace/><pitch><step>A</step><octave>4</octave></pitch></note>"
    (folder / "c.musicxml").write_text(xml(12).replace("</measure><measure>", f"</measure><measure>{grace}"))
    with caplog.at_level(logging.INFO):
        UserTunes(folder)
    *lines, summary = [record.getMessage() for record in caplog.records]
    assert [line.split(": ")[0] for line in lines] == [str(folder / "c.musicxml")]
    assert "grace note left out (11 times)" in lines[0]
    assert "3 tunes, 1 of them repaired, 11 grace notes left out; 0 files refused" in summary


def test_tunes_that_leak_are_dropped_whole(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    tunes = UserTunes(folder)
    with caplog.at_level(logging.INFO):
        others = tunes.without(lambda kern: "8gL" in kern)
    assert len(others.texts) == 1
    assert len(tunes.texts) == 2
    assert "8gL" not in others.texts[0]
    assert "1 of 2 tunes" in caplog.text
    with pytest.raises(DataError, match="all 2 tunes share a melody"):
        tunes.without(lambda kern: True)


def test_folders_without_tunes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no usable tune"):
        UserTunes(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        UserTunes(tmp_path / "absent")


def test_pages_are_in_drawn_keys_and_on_the_staff(folder: Path) -> None:
    tunes = UserTunes(folder)
    rng = random.Random(3)
    keys: Counter[str] = Counter()
    for number in range(200):
        page = tunes.tune(rng, 1 + number % 3)
        assert count_systems(page) == 1 + number % 3
        assert not written_losses(page)
        rows = parse_kern(page).rows
        stated = [row.cells[0] for row in rows if row.kind is RowKind.INTERPRETATION]
        keys[stated[1][3:-1]] += 1
        # C major has no key row in this dialect, and all others have one.
        assert (stated[1] == "*k[]") == (len(stated) == 3)
        notes = [note for row in rows if row.kind is RowKind.DATA for note in parse_notes(row.cells[0])]
        assert 30 <= median(height(note) for note in notes) <= 38
    assert set(keys) == {SIGNATURES[fifths] for fifths in KEY_WEIGHTS}
    assert keys["f#"] + keys[""] + keys["b-e-"] > keys["f#c#g#d#a#"] + keys["f#c#g#d#"] + keys["b-e-a-d-g-"]


def test_long_pages_come_from_the_long_tune(folder: Path) -> None:
    tunes = UserTunes(folder)
    assert all("8" in tunes.tune(random.Random(seed), 7) for seed in range(10))
    with pytest.raises(DataError, match="no tune is long enough for 40 systems"):
        tunes.tune(random.Random(1), 40)


def test_a_copy_gives_the_same_tunes_when_the_folder_is_gone(folder: Path) -> None:
    tunes = UserTunes(folder)
    copy = pickle.loads(pickle.dumps(tunes))
    shutil.rmtree(folder)
    assert [copy.tune(random.Random(seed), 2) for seed in range(20)] == [
        tunes.tune(random.Random(seed), 2) for seed in range(20)
    ]
