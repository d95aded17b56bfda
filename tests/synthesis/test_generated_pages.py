"""Pages by number: exact text and boxes, one page for one number in every process, and what is kept of them."""

from __future__ import annotations

import hashlib
import os
import pickle
import random
import subprocess
import sys
from importlib import metadata
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from small_pages import TRAINING, VALIDATION, SmallPage, write_pages

from jazzmus.errors import ConfigError, DataError
from jazzmus.kern.document import parse_kern
from jazzmus.kern.systems import count_systems
from jazzmus.synthesis.content.leaks import LeakCheck
from jazzmus.synthesis.content.procedural import TuneStyle, procedural_tune
from jazzmus.synthesis.generated_pages import DOES_NOT_FIT, LIBRARIES, GeneratedPages
from jazzmus.synthesis.page_style import PageStyle
from jazzmus.synthesis.paper.style import PaperStyle

ROOT = Path(__file__).resolve().parents[2]
CLEAN = PageStyle(paper=PaperStyle.clean(), engraved=0.0)


@pytest.fixture(scope="module")
def pages() -> GeneratedPages:
    return GeneratedPages()


@pytest.mark.parametrize("systems", [1, 2, 5, 12])
@pytest.mark.parametrize("engraved", [0.0, 1.0])
def test_boxes_hold_the_systems_and_stand_in_order(systems: int, engraved: float) -> None:
    pages = GeneratedPages(PageStyle(paper=PaperStyle.clean(), engraved=engraved))
    page = pages.page(systems, systems)
    parse_kern(page.kern)
    assert len(page.system_boxes) == systems == count_systems(page.kern)
    assert page.image.mode == "L"
    assert page.writer.startswith("engraved" if engraved else "hand")
    dark = np.asarray(page.image) < 200
    for box in page.system_boxes:
        assert 0 <= box.from_x < box.to_x <= page.image.width
        assert 0 <= box.from_y < box.to_y <= page.image.height
        # A staff runs from side to side.
        assert dark[box.from_y : box.to_y, box.from_x : box.to_x].any(axis=0).mean() > 0.9
    for above, below in pairwise(page.system_boxes):
        assert above.from_y + above.to_y < below.from_y + below.to_y


def test_one_number_gives_one_page_in_any_process() -> None:
    program = (
        "import hashlib; from jazzmus.synthesis.generated_pages import GeneratedPages; pages = GeneratedPages(); "
        "made = [pages.page(5), pages.strip(6), pages.page(7, 2, paper=3)]; "
        "print(hashlib.sha256(b''.join(p.image.tobytes() + p.kern.encode() for p in made[1:])).hexdigest())"
    )
    digests = set()
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        run = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, check=True, text=True
        )
        digests.add(run.stdout.strip())
    pages = pickle.loads(pickle.dumps(GeneratedPages()))
    made = [pages.strip(6), pages.page(7, 2, paper=3)]
    digests.add(hashlib.sha256(b"".join(p.image.tobytes() + p.kern.encode() for p in made)).hexdigest())
    assert len(digests) == 1


def test_new_paper_keeps_text_and_hand(pages: GeneratedPages) -> None:
    first, again, other = pages.page(3, 2), pages.page(3, 2), pages.page(3, 2, paper=1)
    assert first.image.tobytes() == again.image.tobytes()
    assert (first.kern, first.writer) == (other.kern, other.writer)
    assert first.image.tobytes() != other.image.tobytes()
    assert pages.page(4, 2).kern != first.kern


def test_strips_are_single_systems_from_anywhere_in_a_tune(pages: GeneratedPages) -> None:
    strips = [pages.strip(number) for number in range(12)]
    assert all(count_systems(strip.kern) == 1 and len(strip.system_boxes) == 1 for strip in strips)
    assert all(strip.image.height < strip.image.width / 2 for strip in strips)
    assert {"==\t==" in strip.kern for strip in strips} == {True, False}
    # A strip is cut close to its box, as strips of real pages are.
    assert all(
        strip.image.height <= 1.9 * (box.to_y - box.from_y) + 40 for strip in strips for box in strip.system_boxes
    )


def test_the_number_of_systems_is_drawn_evenly(pages: GeneratedPages) -> None:
    lengths = [count_systems(text) for text in pages.texts("page", 120)]
    assert set(lengths) == set(range(1, 13))
    assert {count_systems(text) for text in pages.texts("page", 40, systems=(2, 4))} == {2, 3, 4}
    assert all(count_systems(text) == 1 for text in pages.texts("system", 20))


def test_as_many_writers_as_asked_for() -> None:
    few = GeneratedPages(PageStyle(systems=(1, 1), writers=2, engraved=0.0))
    assert {few.page(number).writer for number in range(8)} == {"hand-0", "hand-1"}


def test_drawn_pages_are_kept_and_damaged_ones_are_drawn_again(tmp_path: Path) -> None:
    kept, plain = GeneratedPages(CLEAN, cache=str(tmp_path)), GeneratedPages(CLEAN)
    first = kept.page(1, 2)
    (stored,) = tmp_path.glob("*.png")
    written = stored.stat().st_mtime_ns
    assert kept.page(1, 2, paper=1).image.tobytes() == plain.page(1, 2, paper=1).image.tobytes()
    assert stored.stat().st_mtime_ns == written
    stored.write_bytes(b"half a page")
    assert kept.page(1, 2).image.tobytes() == first.image.tobytes() == plain.page(1, 2).image.tobytes()
    assert kept.page(1, 2).system_boxes == plain.page(1, 2).system_boxes


def test_pages_that_do_not_fit_get_other_music() -> None:
    pages = GeneratedPages(CLEAN)
    refused = pages.page(0, 1).kern
    others = pages.limited_to(lambda kern: kern != refused, "not that one")
    assert others.page(0, 1).kern != refused
    assert others.fingerprint != pages.fingerprint
    assert pages.page(0, 1).kern == refused
    with pytest.raises(DataError, match="vocabulary"):
        pages.limited_to(lambda kern: False, "nothing").page(0, 1)


def test_what_was_refused_is_counted_by_its_reason(tmp_path: Path) -> None:
    (tmp_path / "short.krn").write_text(procedural_tune(random.Random(0), 1, TuneStyle()), encoding="utf-8")
    pages = GeneratedPages(CLEAN, {"procedural": 1.0, "tunes": 1.0}, tunes=str(tmp_path))
    assert not pages.refused()
    refused = pages.texts("page", 1, systems=(6, 6))[0]
    others = pages.limited_to(lambda kern: kern != refused, "not that one")
    for number in range(6):
        others.page(number, 6)
    reasons = others.refused()
    assert reasons.pop(DOES_NOT_FIT) == 1
    assert sum(count for reason, count in reasons.items() if reason.startswith("tunes: ")) == reasons.total() > 0


def test_tunes_of_held_out_pages_are_not_used_at_all(tmp_path: Path) -> None:
    tunes = [procedural_tune(random.Random(seed), 8, TuneStyle()) for seed in (1, 2)]
    for number, kern in enumerate(tunes):
        (tmp_path / f"{number}.krn").write_text(kern, encoding="utf-8")
    pages = GeneratedPages(CLEAN, {"tunes": 1.0}, tunes=str(tmp_path))
    both = pages.texts("system", 20)
    # A single system is mostly too short for the check of a page.
    assert sum(not LeakCheck([tunes[0]]).leaks(text) for text in both) > 10
    (tmp_path / "0.krn").unlink()
    one = GeneratedPages(CLEAN, {"tunes": 1.0}, tunes=str(tmp_path))
    assert pages.kept_from([tunes[0]]).texts("system", 20) == one.texts("system", 20) != both
    assert pages.texts("system", 20) == both
    with pytest.raises(DataError, match="all 2 tunes"):
        pages.kept_from(tunes)


def test_copies_of_evaluation_pages_are_not_recombined(tmp_path: Path) -> None:
    copies = [SmallPage("e-2", "train", "e", 4), SmallPage("f-2", "train", "f", 4)]
    folder = write_pages(tmp_path / "published", [*TRAINING, *VALIDATION, *copies])
    plain = write_pages(tmp_path / "clean", [*TRAINING, *VALIDATION])
    content = {"recombined": 1.0}
    made = [GeneratedPages(CLEAN, content, texts=(str(path),)).texts("page", 20) for path in (folder, plain)]
    assert made[0] == made[1]
    only = write_pages(tmp_path / "copies", copies)
    with pytest.raises(DataError, match="clean"):
        GeneratedPages(CLEAN, content, texts=(str(only),), held_out=(str(plain),))


def test_pages_that_share_a_melody_with_a_held_out_text_are_not_drawn() -> None:
    pages = GeneratedPages(CLEAN)
    held_out = pages.page(2, 8).kern
    others = pages.kept_from([held_out])
    assert others.page(2, 8).kern != held_out
    assert others.fingerprint != pages.fingerprint
    assert pages.page(2, 8).kern == held_out


def test_other_settings_are_another_fingerprint() -> None:
    fingerprints = {
        GeneratedPages().fingerprint,
        GeneratedPages(CLEAN).fingerprint,
        GeneratedPages(procedural=TuneStyle(plain=True)).fingerprint,
    }
    assert len(fingerprints) == 3
    assert GeneratedPages().fingerprint in fingerprints


def test_another_version_of_a_library_is_another_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    fingerprints = {GeneratedPages().fingerprint}
    version = metadata.version
    for changed in LIBRARIES:
        assert version(changed)
        monkeypatch.setattr(metadata, "version", lambda name, changed=changed: version(name) + "+" * (name == changed))
        fingerprints.add(GeneratedPages().fingerprint)
    assert len(fingerprints) == 1 + len(LIBRARIES)


def test_shares_of_zero_need_no_data_and_wrong_ones_are_refused() -> None:
    assert GeneratedPages(content={"procedural": 1.0, "tunes": 0.0}).fingerprint == GeneratedPages().fingerprint
    for share in (-0.5, float("nan"), float("inf"), 0.0):
        with pytest.raises(ConfigError, match=r"GeneratedPages\.content"):
            GeneratedPages(content={"procedural": share})
    with pytest.raises(ConfigError, match="tune"):
        GeneratedPages(content={"procedural": 1.0, "tune": 0.0})


def test_sources_are_mixed_and_missing_ones_named(tmp_path: Path, small_data: Path) -> None:
    mixed = GeneratedPages(content={"procedural": 0.5, "recombined": 0.5}, texts=(str(small_data),))
    assert count_systems(mixed.page(0, 1).kern) == 1
    with pytest.raises(ConfigError, match=r"GeneratedPages\.tunes"):
        GeneratedPages(content={"tunes": 1.0})
    with pytest.raises(ConfigError, match=r"GeneratedPages\.texts"):
        GeneratedPages(content={"recombined": 1.0})
    with pytest.raises(ConfigError, match="corpus"):
        GeneratedPages(content={"corpus": 1.0})
    with pytest.raises(ConfigError, match="papers"):
        GeneratedPages(papers=0)
    folder = write_pages(tmp_path / "only_val", VALIDATION)
    with pytest.raises(DataError, match="train"):
        GeneratedPages(content={"recombined": 1.0}, texts=(str(folder),))
    with pytest.raises(DataError, match="val"):
        GeneratedPages(held_out=(str(write_pages(tmp_path / "only_train", TRAINING)),))


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"systems": (0, 3)}, "systems"),
        ({"systems": (1, 41)}, "systems"),
        ({"engraved": 1.5}, "engraved"),
        ({"writers": 0}, "writers"),
        ({"music_fonts": ("Comic",)}, "Comic"),
    ],
)
def test_wrong_styles_are_refused(settings: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        PageStyle(**settings)  # type: ignore[arg-type]


def test_random_chords_change_nothing_else_and_only_where_they_are_wanted(pages: GeneratedPages) -> None:
    def melody(kern: str) -> list[str]:
        return [line.rpartition("\t")[0] for line in kern.splitlines()]

    always, sometimes = GeneratedPages(random_chords=1.0), GeneratedPages(random_chords=0.5)
    assert len({pages.fingerprint, always.fingerprint, sometimes.fingerprint}) == 3
    before, after = (generator.page(4, systems=2).kern for generator in (pages, always))
    assert melody(before) == melody(after)
    assert before != after
    same = sum(sometimes.page(number, systems=1).kern == pages.page(number, systems=1).kern for number in range(8))
    assert 0 < same < 8
    with pytest.raises(ConfigError, match=r"GeneratedPages\.random_chords"):
        GeneratedPages(random_chords=1.5)
