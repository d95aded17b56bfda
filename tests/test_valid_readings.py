"""Whatever the weights, tokens and pages are, a reading is a valid text, also where the limit cuts it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from one_thread import one_thread  # noqa: F401
from reading_checks import assert_engraves, assert_exports, assert_music21_reads, assert_parses, assert_verovio_reads
from tiny_readers import HEIGHT, LONGEST, WIDTH, codec_of, half_trained, noise, reader, shaken, untrained

from jazzmus.dataset.manifest import SystemBox
from jazzmus.kern.forms import FORMS
from jazzmus.kern.grammar import TextGrammar
from jazzmus.kern.systems import count_systems
from jazzmus.kern.token_grammar import build_token_grammar
from jazzmus.kern.tokenizer import TOKENIZERS
from jazzmus.synthesis.generated_pages import GeneratedPages
from jazzmus.utils.inference_utils import SHIPPED_WEIGHTS, Recognizer, load_recognizer
from jazzmus.utils.transcription import Transcription

ROOT = Path(__file__).resolve().parent.parent
TRAINING_TEXTS = ROOT / "data" / "handwritten" / "train" / "ground_truth"
CASES = [(tokenizer, form) for tokenizer in sorted(TOKENIZERS) for form in sorted(FORMS)]

HIDDEN_HEADER = "*I\"Lute in A\t*\n*I'Lt. 2\t*\n*clefG2\t*\n*ITrd2c3\t*\n*k[f#c#]\t*\n*D:\t*\n*M4/4\t*\n*MM72\t*\n"
# Invented, with whatever the grammar knows.
TEXTS = (
    "**kern\t**mxhm\n*clefG2\t*\n*k[b-e-]\t*\n*M4/4\t*\n=\t=\n8.ff#XL\tG:min7(b5)\n16eeJk\t.\n[2dd\tC:7/E\n4r\t.\n=\t=\n"
    "*^\t*\n2dd]\t4b-\tF:maj7\n.\t4a\t.\n12gL\t2cc 2ee-\tB-:9\n12an\t.\t.\n12b-J\t.\t.\n4r\t.\t.\n*v\t*v\t*\n"
    "!!linebreak:original\n*clefG2\t*\n*k[b-e-]\t*\n=:|!\t=:|!\n1g;\tE-:maj\n==\t==\n*-\t*-\n",
    "**kern\n*clefF4\n*k[]\n*M3/4\n*met(c)\n=\n4C\n(8E'L\n8G)J\n8qA\n4BB^\n=\n2.ryy\n==\n*-\n",
    "**kern\t**mxhm\n*clefGv2\t*\n*k[f#c#]\t*\n*D:\t*\n*M2/4\t*\n=\t=\n4a\tD:maj6\n4g\tA:7\n"
    + "=||\t=||\n*clefC3\t*\n0dd_\tE:hdim7\n*M12/8\t*\n=\t=\n1.f#\tG#:dim7\n=!|:\t=!|:\n2b-X 2dd\t.\n==\t==\n*-\t*-\n",
    # Rows that only the form "source" keeps, beside cells of the texts above.
    "**kern\t**mxhm\n"
    + HIDDEN_HEADER
    + "=\t=\n!LO:TX:b:t=lazily, \ue10d\t!\n4g\tD:maj6\n[2dd\t.\n4r\t.\n=\t=\n2dd]\tA:7\n4a\t.\n4g\t.\n"
    "!!linebreak:original\n*Trd-8c-14\t*\n*MM108\t*\n=\t=\n!LO:TX:a:i:t=half time\t!\n4a\tC:7/E\n==\t==\n*-\t*-\n",
)


def readings_of(model_reader: Recognizer, seeds: Sequence[int]) -> list[Transcription]:
    return model_reader.read_batch([noise(seed) for seed in seeds])


def assert_valid(readings: Sequence[Transcription], engraved: int, in_music21: int) -> None:
    """Check readings; only the first few in programs that take long to start."""
    for number, reading in enumerate(readings):
        assert_parses(reading.kern)
        assert_verovio_reads(reading.kern)
        assert_exports(reading.kern)
        if number < engraved:
            assert_engraves(reading.kern)
        if number < in_music21:
            assert_music21_reads(reading.kern)


@pytest.mark.parametrize("form", sorted(FORMS))
def test_rows_that_no_page_shows_stand_in_the_texts_of_the_form_source_alone(form: str) -> None:
    rows = "".join(FORMS[form].apply(text) for text in TEXTS).splitlines()
    for beginning in ('*I"', "*I'", "*ITrd", "*Trd", "*MM", "!LO:TX:"):
        assert any(row.startswith(beginning) for row in rows) is (form == "source")


def test_a_reading_with_rows_that_no_page_shows_is_valid() -> None:
    highest = HIDDEN_HEADER.replace("d2c3", "d-21c-36").replace("MM72", "MM999")
    for kern in (TEXTS[-1], TEXTS[-1].replace(HIDDEN_HEADER, highest)):
        assert TextGrammar(source=True).accepts(kern)
        assert_valid([Transcription(kern, "eos", 1.0, 0.0)], engraved=1, in_music21=1)


@pytest.mark.parametrize(("tokenizer", "form"), CASES)
def test_readings_with_random_weights_are_valid(tokenizer: str, form: str) -> None:
    codec = codec_of(tokenizer, form, TEXTS)
    seed = CASES.index((tokenizer, form))
    readings = readings_of(reader(untrained(codec, seed), codec), [seed, seed + 1])
    assert_valid(readings, engraved=seed % 3 == 0, in_music21=1)


@pytest.mark.parametrize("tokenizer", sorted(TOKENIZERS))
def test_readings_with_half_trained_weights_are_valid(tokenizer: str) -> None:
    codec = codec_of(tokenizer, "written", TEXTS)
    model, grammar = half_trained(codec, TEXTS, seed=3, steps=15), build_token_grammar(codec)
    greedy = readings_of(reader(model, codec, grammar, max_length=64), [1])
    beams = readings_of(reader(shaken(model, 2), codec, grammar, max_length=64, num_beams=3), [2])
    assert_valid([*greedy, *beams], engraved=0, in_music21=1)


def test_systems_that_random_weights_read_join_to_a_valid_page() -> None:
    codec = codec_of("compact", "written", TEXTS)
    systems = reader(untrained(codec, 1), codec)
    systems.strategy = "systems"
    boxes = [SystemBox(0, WIDTH, top, top + HEIGHT // 3) for top in range(0, HEIGHT, HEIGHT // 3)]
    readings = systems.read_batch([noise(1), noise(2)], [boxes, boxes])
    assert all(count_systems(reading.kern) >= len(boxes) for reading in readings)
    assert_valid(readings, engraved=1, in_music21=2)


def test_the_limit_is_told_and_the_text_closed_all_the_same() -> None:
    codec = codec_of("compact", "written", TEXTS)
    grammar = build_token_grammar(codec)
    readings = list(
        itertools.chain.from_iterable(readings_of(reader(untrained(codec, s), codec, grammar), [s]) for s in range(2))
    )
    assert "length" in {reading.stop_reason for reading in readings}
    assert_valid(readings, engraved=0, in_music21=0)


@pytest.fixture(scope="module")
def training_texts() -> list[str]:
    if not TRAINING_TEXTS.is_dir():
        pytest.skip(f"no prepared data at {TRAINING_TEXTS}")
    return [path.read_text(encoding="utf-8") for path in sorted(TRAINING_TEXTS.glob("*.txt"))]


def many_readings(tokenizer: str, form: str, texts: Sequence[str]) -> Iterator[list[Transcription]]:
    """36 readings with the vocabulary of texts: random and half-trained weights, greedy and with beams."""
    codec = codec_of(tokenizer, form, texts)
    grammar = build_token_grammar(codec)
    for seed in range(5):
        yield readings_of(reader(untrained(codec, seed), codec, grammar), range(4 * seed, 4 * seed + 4))
    yield readings_of(reader(untrained(codec, 5), codec, grammar, num_beams=3), range(4))
    model = half_trained(codec, texts, seed=0, steps=150)
    for seed in range(8):
        yield readings_of(reader(shaken(model, seed), codec, grammar, LONGEST), [seed])
    for seed in range(8, 12):
        yield readings_of(reader(shaken(model, seed), codec, grammar, LONGEST, num_beams=3), [seed])


@pytest.mark.slow
@pytest.mark.parametrize(("tokenizer", "form"), CASES)
def test_five_hundred_readings_are_valid(tokenizer: str, form: str, training_texts: list[str]) -> None:
    reasons = set()
    for readings in many_readings(tokenizer, form, training_texts):
        assert_valid(readings, engraved=1, in_music21=1)
        reasons.update(reading.stop_reason for reading in readings)
    assert "length" in reasons


@pytest.mark.slow
@pytest.mark.parametrize("num_beams", [1, 3])
def test_readings_of_generated_pages_with_trained_weights_are_valid(num_beams: int) -> None:
    pages = [GeneratedPages().page(number, systems=3) for number in range(6)]
    recognizer = load_recognizer(SHIPPED_WEIGHTS, "cpu", num_beams=num_beams)
    readings = recognizer.read_batch([page.image for page in pages], [page.system_boxes for page in pages])
    assert_valid(readings, engraved=len(readings), in_music21=len(readings))
