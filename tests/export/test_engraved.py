from __future__ import annotations

import contextlib
import io
import re
import subprocess

import numpy as np
import pytest
from lxml import etree
from pieces import HOSTILE, PIECE, STRANGE
from PIL import Image

from jazzmus.errors import KernError
from jazzmus.export.engraved import PNG_WIDTH, to_png, to_svg

SVG = "{http://www.w3.org/2000/svg}"
BAR = "4g 4b\tG:maj\n4a\t.\n4b\tD:7\n4cc\t.\n"
LONG = "**kern\t**mxhm\n*clefG2\t*\n*M4/4\t*\n" + f"{BAR}=\t=\n!!linebreak:original\n" * 24 + f"{BAR}==\t==\n*-\t*-\n"


def classes(page: str) -> list[str]:
    root = etree.fromstring(page.encode())
    return [group.get("class", "").split(" ")[0] for group in root.iter(f"{SVG}g")]


def words(page: str) -> str:
    return " ".join("".join(text.itertext()).strip() for text in etree.fromstring(page.encode()).iter(f"{SVG}text"))


def test_systems_notes_and_chords_are_those_of_the_text() -> None:
    (page,) = to_svg(PIECE)
    names = classes(page)
    assert names.count("system") == 3
    assert names.count("measure") == 6
    assert names.count("note") == 25
    shown = re.sub(r"\s", "", words(page))
    assert all(chord in shown for chord in ("Bbmaj7", "G7(b9)", "Cm7/Bb", "N.C.", "Fm7b5", "Eb7sus4", "D6/9", "F#dim7"))
    assert "(b9)(b9)" not in shown
    assert "soon<over>" in shown
    assert all(ord(sign) < 128 for sign in shown)


def test_a_long_text_takes_several_pages() -> None:
    pages = to_svg(LONG)
    assert len(pages) > 1
    assert sum(classes(page).count("system") for page in pages) == 25


def test_the_same_text_gives_the_same_pages() -> None:
    first = to_svg(PIECE)
    to_svg(LONG)
    assert to_svg(PIECE) == first


@pytest.mark.parametrize("kern", STRANGE)
def test_strange_texts_are_drawn(kern: str) -> None:
    assert len(to_svg(kern)) == 1


def test_a_text_is_engraved_once_for_all_formats(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[object] = []
    run = subprocess.run

    def counted(command: object, **options: object) -> object:
        commands.append(command)
        return run(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", counted)
    kern = PIECE.replace("4d", "4e")
    assert to_svg(kern) == to_svg(kern)
    assert len(to_png(kern)) == 1
    assert len(commands) == 1


def test_pixels() -> None:
    (page,) = to_png(PIECE)
    with Image.open(io.BytesIO(page)) as image:
        gray = np.asarray(image.convert("L"))
    assert gray.shape[1] == PNG_WIDTH
    assert 0.005 < (gray < 128).mean() < 0.2
    assert (gray[:2] > 250).all()
    assert (gray[:, -2:] > 250).all()


@pytest.mark.parametrize("kern", HOSTILE)
def test_hostile_texts_are_one_line_of_error(kern: str) -> None:
    with pytest.raises(KernError, match=r"^line \d+: [^\n]+$"):
        to_svg(kern)


def test_a_document_on_which_verovio_ends_its_process_does_not_end_ours() -> None:
    strange = "**kern\n*^\n8ddL\t13e\n=12\t=12\n6cL\t4a'\n000...c\t4a'\n16aJk\t000...c\n*-\t*-\n"
    with contextlib.suppress(KernError):
        assert to_svg(strange)
