from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kern.documents import kern_texts

from jazzmus.errors import DataError
from jazzmus.metrics import score_pages
from jazzmus.metrics.report import (
    EXACT,
    METRICS,
    OWN_RATES,
    PAGE_MEANS,
    PUBLISHED_METRICS,
    PageResult,
    count_edits,
    page_result,
    score_counts,
)
from jazzmus.metrics.transcription import EditCount

REFERENCE = "**kern\t**mxhm\n=\t=\n4c\tC:7\n4d\t.\n*-\t*-\n"
NO_CHORDS = "**kern\n=\n4c\n*-\n"
PERFECT = {name: 100.0 if name in EXACT else 0.0 for name in METRICS}


def test_golden_pairs(shared: Path) -> None:
    golden = json.loads((shared / "golden" / "metrics.json").read_text(encoding="utf-8"))
    pairs = golden["pairs"]
    assert len(pairs) == 12
    for pair in pairs:
        scores = score_pages([pair["prediction"]], [pair["reference"]])
        for name in PUBLISHED_METRICS:
            assert scores[name] == pytest.approx(pair[name], abs=1e-9, rel=0), name
    corpus = score_pages([pair["prediction"] for pair in pairs], [pair["reference"] for pair in pairs])
    assert {name: corpus[name] for name in PUBLISHED_METRICS} == pytest.approx(golden["corpus"], abs=1e-9, rel=0)


def test_a_perfect_prediction_scores_zero_and_an_empty_one_its_full_distance() -> None:
    assert score_pages([REFERENCE], [REFERENCE]) == PERFECT
    counts = count_edits("", REFERENCE)
    assert counts["cer"] == EditCount(len(REFERENCE), len(REFERENCE))
    assert counts["ser_chord"] == EditCount(1, 1)
    assert counts["ler_melody"] == EditCount(5, 5)
    assert tuple(counts) == METRICS


@settings(deadline=None)
@given(kern_texts())
def test_a_perfect_prediction_is_perfect_and_an_empty_one_wrong_in_every_rate(text: str) -> None:
    for name, (edits, length) in count_edits(text, text).items():
        assert edits == (length if name in EXACT else 0), name
    empty = count_edits("", text)
    assert {name: empty[name].edits for name in OWN_RATES} == {name: empty[name].length for name in OWN_RATES}
    assert [empty[name].edits for name in EXACT] == [0, 0]


TEXTS = st.text("4c*^v-=!\t\n. kern:7/m", max_size=60) | kern_texts() | kern_texts().map(lambda text: text[9:-20])
TEXTS |= TEXTS.map(lambda text: "**kern\t**mxhm\n" + text) | st.text(max_size=30)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_any_texts_are_scored_and_distances_are_symmetric(prediction: str, reference: str) -> None:
    there, back = count_edits(prediction, reference), count_edits(reference, prediction)
    assert tuple(there) == METRICS
    for name in (*PUBLISHED_METRICS, *OWN_RATES, *EXACT):
        assert there[name].edits == back[name].edits >= 0, name


def test_what_a_split_hides_from_the_published_columns() -> None:
    reference = "**kern\t**mxhm\n*^\t*\n4c\t4e\tC:7\n*v\t*v\t*\n4d\t.\n*-\t*-\n"
    counts = count_edits(reference.replace("4e\tC:7", "4f\tG:7"), reference)
    assert counts["ser_melody"].edits == 0
    assert counts["ser_melody_voices"].edits == 1
    assert counts["ser_chord"] == (1, 1), "the note of the second voice, taken for a chord"
    assert counts["ser_chord_spine"] == (1, 1)
    assert count_edits(reference.replace("4e", "4f"), reference)["ser_chord_spine"] == (0, 1)


def test_a_chord_on_the_wrong_beat_is_an_error_of_its_own_rate_only() -> None:
    reference = "**kern\t**mxhm\n=\t=\n4c\tC:7\n4d\tD:7\n4e\t.\n*-\t*-\n"
    counts = count_edits(reference.replace("4d\tD:7\n4e\t.", "4d\t.\n4e\tD:7"), reference)
    assert counts["ser_chord"] == counts["ser_chord_spine"] == (0, 2)
    assert counts["ser_chord_beat"] == (1, 2)


def test_page_means_weigh_pages_alike() -> None:
    pages = [(REFERENCE * 9, REFERENCE * 9), (REFERENCE.replace("4c", "4e"), REFERENCE), ("", NO_CHORDS)]
    scores = score_pages([prediction for prediction, _ in pages], [reference for _, reference in pages])
    for name, rate in PAGE_MEANS.items():
        alone = [score_pages([prediction], [reference])[rate] for prediction, reference in pages]
        assert scores[name] == pytest.approx(sum(alone) / 3, abs=1e-6)
        assert scores[name] > scores[rate] + 10
    assert scores["exact_pages"] == pytest.approx(100 / 3)


def test_scores_are_sums_over_sums_and_not_capped() -> None:
    scores = score_pages([REFERENCE * 4, REFERENCE], [REFERENCE, REFERENCE])
    assert scores["cer"] == pytest.approx(150.0)


def test_content_counts_neither_separators_nor_null_cells_nor_barlines() -> None:
    assert count_edits(REFERENCE.replace("4d", "4e"), REFERENCE)["ser_content"] == EditCount(1, 7)
    assert count_edits(REFERENCE.replace("=\t=", "==\t=="), REFERENCE)["ser_content"] == EditCount(0, 7)


def test_pages_without_chords() -> None:
    assert score_pages([NO_CHORDS], [NO_CHORDS])["ser_chord"] == 100.0
    # In a corpus such a page adds what was predicted for it, and no length.
    assert score_pages([REFERENCE, REFERENCE], [NO_CHORDS, REFERENCE])["ser_chord"] == 100.0
    assert score_pages([NO_CHORDS, REFERENCE], [NO_CHORDS, REFERENCE])["ser_chord"] == 0.0


def test_lists_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="1 predictions for 2 references"):
        score_pages([""], ["", ""])
    with pytest.raises(ValueError, match="no pages"):
        score_pages([], [])


def test_a_page_result_is_one_line_and_comes_back() -> None:
    result = PageResult("page", REFERENCE, "", count_edits("", REFERENCE), "max_length", 1.5)
    line = result.to_json()
    assert "\n" not in line
    assert PageResult.from_json(line) == result
    assert score_counts([PageResult.from_json(line).counts]) == score_pages([""], [REFERENCE])


def test_a_page_result_without_texts_holds_none() -> None:
    result = PageResult("page", REFERENCE, NO_CHORDS, count_edits(NO_CHORDS, REFERENCE), "eos", 0.25)
    line = result.to_json(with_texts=False)
    assert "kern" not in line
    assert "reference" not in line
    again = PageResult.from_json(line)
    assert (again.reference, again.prediction) == (None, None)
    assert again.counts == result.counts


def test_a_page_result_is_scored_on_the_published_form_of_both_texts() -> None:
    reference = '**kern\t**mxhm\n*I"Voice\t*\n4c#X\tC:7\n*-\t*-\n'
    result = page_result("page", reference, "**kern\t**mxhm\n4c#\tC:7\n*-\t*-", "eos", 0.5)
    assert result.reference == result.prediction == "**kern\t**mxhm\n4c#\tC:7\n*-\t*-\n"
    assert score_counts([result.counts]) == PERFECT


def test_a_result_without_all_counts_says_to_evaluate_again() -> None:
    record = json.loads(PageResult("page", None, None, count_edits("", REFERENCE), "eos", 0.5).to_json())
    del record["counts"]["exact_pages"]
    with pytest.raises(DataError, match=r"exact_pages.*evaluate again"):
        PageResult.from_json(json.dumps(record))


@pytest.mark.parametrize("line", ["", "[]", "null", '{"page_id": "a"}', '{"page_id": "a", "counts": {"cer": 3}}'])
def test_a_broken_line_is_refused(line: str) -> None:
    with pytest.raises(DataError, match="not a page result"):
        PageResult.from_json(line)
