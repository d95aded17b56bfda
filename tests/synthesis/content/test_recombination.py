"""Recombined tunes are well-formed, of the length asked for, and made of training texts only."""

from __future__ import annotations

import logging
import pickle
import random
import shutil
from pathlib import Path

import pytest
from invented import OTHER_BARS, TEXTS, tune
from small_pages import TRAINING, VALIDATION, SmallPage, write_pages

from jazzmus.dataset.manifest import TRAINING_SPLITS
from jazzmus.errors import ConfigError, DataError
from jazzmus.kern.document import RowKind, parse_kern
from jazzmus.kern.normal_form import normalize
from jazzmus.kern.systems import count_systems
from jazzmus.kern.written import as_sounding, as_written
from jazzmus.synthesis.content.bars import full_bar_share, read_systems
from jazzmus.synthesis.content.joints import sound_repeats, without_open_curves
from jazzmus.synthesis.content.leaks import LeakCheck
from jazzmus.synthesis.content.page_texts import page_texts
from jazzmus.synthesis.content.recombination import RecombinedTexts
from jazzmus.synthesis.content.source import flaw_of_tune
from jazzmus.synthesis.engraving import EngravingStyle, engrave

ALL_KINDS = (
    {},
    {"as_is": 1.0, "transposed": 0.0},
    {"as_is": 0.0, "transposed": 1.0},
    {"as_is": 0.0, "transposed": 0.0},
)


@pytest.mark.parametrize("shares", ALL_KINDS)
def test_tunes_have_no_flaw_and_are_in_normal_form(shares: dict[str, float]) -> None:
    source = RecombinedTexts(TEXTS, **shares)
    for seed in range(40):
        systems = 1 + seed % 8
        kern = source.tune(random.Random(seed), systems)
        assert flaw_of_tune(kern, systems) == ""
        assert normalize(kern) == kern
        assert as_sounding(as_written(kern)) == kern
        assert full_bar_share(read_systems(kern)) == 1.0
        cells = [row.cells[0] for row in parse_kern(kern).rows if row.kind is RowKind.DATA]
        assert without_open_curves(cells) == cells
        barlines = [row.cells[0] for row in parse_kern(kern).rows if row.kind is RowKind.BARLINE]
        assert sound_repeats(barlines, is_whole=True) == barlines


def test_tunes_are_engraved_with_their_systems() -> None:
    source = RecombinedTexts(TEXTS)
    for seed in range(8):
        kern = source.tune(random.Random(seed), 1 + seed % 4)
        assert len(engrave(kern, EngravingStyle()).systems) == 1 + seed % 4


def test_equal_seeds_give_equal_tunes_from_a_copy_too() -> None:
    source = RecombinedTexts(TEXTS)
    copy = pickle.loads(pickle.dumps(source))
    assert [source.tune(random.Random(seed), 5) for seed in range(9)] == [
        copy.tune(random.Random(seed), 5) for seed in range(9)
    ]
    assert len({source.tune(random.Random(seed), 5) for seed in range(30)}) > 25


def test_a_whole_text_comes_as_it_is_in_normal_form() -> None:
    source = RecombinedTexts([tune(4)], as_is=1.0, transposed=0.0)
    assert source.tune(random.Random(0), 4) == normalize(tune(4))


def test_another_melody_keeps_rhythm_beams_and_chords() -> None:
    def skeleton(kern: str) -> list[str]:
        # Ties at joints may fall, so that their marks do not count.
        return ["".join(mark for mark in word if mark in "0123456789.rLJkK:=") for word in kern.split()]

    kept, changed = (
        RecombinedTexts([tune(4)], as_is=0, transposed=0, repitched=share, other_chords=0, goes_on=1, own_key=1)
        for share in (0.0, 1.0)
    )
    for seed in range(20):
        one, other = kept.tune(random.Random(seed), 1), changed.tune(random.Random(seed), 1)
        assert skeleton(one) == skeleton(other)
        assert one != other


def test_texts_that_cannot_be_used_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        RecombinedTexts([tune(3), "no kern", "**kern\n4c\n*-\n", tune(2).replace("4g\tG:7", "4g")])
    assert "3 of 4 training texts" in caplog.text
    with pytest.raises(DataError, match="none of 1 texts"):
        RecombinedTexts(["no kern"])


@pytest.mark.parametrize("shares", [{"as_is": -0.1}, {"as_is": 0.7, "transposed": 0.5}, {"goes_on": 1.5}])
def test_shares_are_checked(shares: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="shares"):
        RecombinedTexts(TEXTS, **shares)


def test_no_systems_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        RecombinedTexts(TEXTS).tune(random.Random(0), 0)


def test_only_training_pages_are_read(small_data: Path, small_engraved: Path, tmp_path: Path) -> None:
    texts = page_texts([small_data, small_engraved], TRAINING_SPLITS)
    assert len(texts) == 6 + 4
    held_out = tmp_path / "handwritten"
    shutil.copytree(small_data, held_out)
    shutil.rmtree(held_out / "val")
    assert page_texts([held_out], TRAINING_SPLITS) == texts[:6]
    shutil.rmtree(held_out / "train")
    with pytest.raises(DataError, match="cannot be read"):
        page_texts([held_out], TRAINING_SPLITS)
    with pytest.raises(DataError, match="no manifest"):
        page_texts([tmp_path], TRAINING_SPLITS)
    with pytest.raises(DataError, match="no folder"):
        page_texts([], TRAINING_SPLITS)


def test_copies_of_evaluation_pages_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    copies = (SmallPage("e-2", "train", "e", 4), SmallPage("b-2", "train", "b", 4))
    folder = write_pages(tmp_path / "published", [*TRAINING, *VALIDATION, *copies])
    other = write_pages(tmp_path / "other", [SmallPage("b-3", "test", "b", 1), SmallPage("a-4", "train", "a", 1)])
    assert len(page_texts([folder], TRAINING_SPLITS)) == 8
    with caplog.at_level(logging.INFO):
        texts = page_texts([folder], TRAINING_SPLITS, [folder])
        fewer = page_texts([folder], TRAINING_SPLITS, [folder, other])
    assert texts == [page.kern for page in (*TRAINING, copies[1])]
    assert fewer == [page.kern for page in TRAINING if page.piece != "b"]
    assert [line.split(": ")[1] for line in caplog.messages] == ["1 of 8 pages left out", "3 of 8 pages left out"]
    only = write_pages(tmp_path / "only", [copies[0], *VALIDATION])
    with pytest.raises(DataError, match="--protocol clean"):
        page_texts([only], TRAINING_SPLITS, [only])


def test_training_texts_that_leak_are_dropped_whole(caplog: pytest.LogCaptureFixture) -> None:
    source = RecombinedTexts(TEXTS)
    with caplog.at_level(logging.INFO):
        rest = source.without(LeakCheck([tune(4)]).leaks)
    assert "2 of 4 training texts" in caplog.text
    only_these = RecombinedTexts([tune(4, OTHER_BARS), tune(6, OTHER_BARS, "*k[b-]")])
    for seed in range(20):
        assert rest.tune(random.Random(seed), 3) == only_these.tune(random.Random(seed), 3)
    assert source.tune(random.Random(0), 3) == RecombinedTexts(TEXTS).tune(random.Random(0), 3)
    with pytest.raises(DataError, match="all 4 training texts"):
        source.without(lambda kern: True)


@pytest.mark.parametrize(
    ("signs", "sound"),
    [
        ("= =:|! =:|!", "= =:|! ="),
        ("=!|: = =!|: =:|!", "=|| = =!|: =:|!"),
        ("=!|: =:|!|: =", "=!|: =:|! ="),
        ("=!|: =:|!|: =:|!", "=!|: =:|!|: =:|!"),
        ("=:|! =:|!|: =:|!", "=:|! =!|: =:|!"),
    ],
)
def test_repeat_signs_without_a_partner_go(signs: str, sound: str) -> None:
    assert " ".join(sound_repeats(signs.split(), is_whole=True)) == sound


def test_slurs_without_an_end_go() -> None:
    cells = ["4c)", "(4d", "4e", "(4f)", "4g)", "4a)", "(4b)", "(4cc", "(4dd 4ff", "4ee)"]
    kept = ["4c", "(4d", "4e", "(4f)", "4g)", "4a", "4b", "4cc", "(4dd 4ff", "4ee)"]
    assert without_open_curves(cells) == kept


def test_ties_that_join_nothing_go() -> None:
    cells = [
        "4c]",
        "[4d",
        "qe",
        "4d_",
        ".",
        "4d]",
        "[4f#",
        "4f]",
        "4g_",
        "[4a",
        "4r",
        "4a]",
        "[4c 4e",
        "4c] 4e",
        "(4b_)",
    ]
    assert " ".join(without_open_curves(cells)) == "4c [4d qe 4d_ . 4d] 4f# 4f 4g 4a 4r 4a [4c 4e 4c] 4e 4b"


def test_training_texts_give_tunes_in_many_keys(shared: Path) -> None:
    root = Path(__file__).resolve().parents[3] / "data"
    folders = [root / "handwritten", root / "synthetic"]
    if not all((folder / "manifest.json").is_file() for folder in folders):
        pytest.skip("no prepared data")
    source = RecombinedTexts(page_texts(folders, TRAINING_SPLITS))
    keys = set()
    for seed in range(33):
        kern = source.tune(random.Random(seed), 1 + seed % 11)
        assert flaw_of_tune(kern, 1 + seed % 11) == ""
        assert count_systems(normalize(kern)) == 1 + seed % 11
        keys.add(next(line for line in kern.splitlines() if line.startswith("*k[")))
    assert len(keys) > 6
