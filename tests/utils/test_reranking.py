from __future__ import annotations

from jazzmus.utils.reranking import best_by_bars
from jazzmus.utils.transcription import DecodedText

FULL, SHORT, LONG = "4c\t.\n4d\t.\n2e\t.\n", "4c\t.\n4d\t.\n", "1c\t.\n1d\t.\n"


def text(score: float, *bars: str, meter: str = "") -> DecodedText:
    rows = "".join(f"=\t=\n{bar}" for bar in bars)
    return DecodedText(f"**kern\t**mxhm\n{meter}{rows}==\t==\n*-\t*-\n", (), (("a", 0.5),) * 4, "eos", score)


def test_a_text_whose_bars_fit_wins_where_the_others_are_not_much_likelier() -> None:
    meter = "*M4/4\t*\n"
    likely, fitting = text(-4.0, FULL, SHORT, FULL, meter=meter), text(-5.0, FULL, FULL, FULL, meter=meter)
    assert best_by_bars([[likely, fitting]], 0.0, 1.0) == [likely]
    assert best_by_bars([[likely, fitting]], 0.9, 1.0) == [likely]
    assert best_by_bars([[likely, fitting]], 1.1, 1.0) == [fitting]


def test_the_meter_runs_from_system_to_system() -> None:
    """Each system's text states it, as `system_range` cuts them; one that states another does not win by that."""
    first, header = text(-1.0, FULL, FULL, meter="*M4/4\t*\n"), "*clefG2\t*\n*M4/4\t*\n"
    likely, fitting = text(-4.0, FULL, SHORT, FULL, meter=header), text(-5.0, FULL, FULL, FULL, meter=header)
    guess = text(-5.5, SHORT, SHORT, SHORT, meter="*M2/4\t*\n")
    silent = text(-4.5, FULL, SHORT, FULL)
    assert best_by_bars([[first], [likely, silent, fitting, guess]], 2.0, 1.0) == [first, fitting]
    assert best_by_bars([[first], [likely, silent, fitting, guess]], 0.4, 1.0) == [first, likely]


def test_a_meter_that_is_written_within_a_system_holds_for_the_next() -> None:
    change = text(-1.0, FULL, "*M2/4\t*\n" + SHORT, meter="*M4/4\t*\n")
    likely, fitting = text(-4.0, SHORT, FULL, SHORT), text(-5.0, SHORT, SHORT, SHORT)
    assert best_by_bars([[change], [likely, fitting]], 2.0, 1.0) == [change, fitting]


def test_without_a_meter_no_bar_is_wrong() -> None:
    texts = [text(-4.0, FULL, SHORT, FULL), text(-5.0, FULL, FULL, FULL), text(-5.0, FULL, meter="*M4/4\t*\n")]
    assert best_by_bars([texts], 9.0, 1.0) == texts[:1]


def test_texts_of_different_lengths_are_compared_by_the_penalty() -> None:
    meter = "*M4/4\t*\n"
    short = text(-4.0, FULL, LONG, FULL, meter=meter)
    long = text(-9.0, FULL, FULL, FULL, meter=meter)._replace(tokens=(("a", 0.5),) * 8)
    assert best_by_bars([[short, long]], 1.0, 1.0) == [long]
    assert best_by_bars([[short, long]], 1.0, 0.0) == [short]


def test_a_text_that_is_none_comes_last() -> None:
    broken = DecodedText("garbage", (), (("a", 0.5),), "length", 0.0)
    assert best_by_bars([[broken, text(-90.0, FULL)]], 1.0, 1.0) == [text(-90.0, FULL)]
    assert best_by_bars([[broken]], 1.0, 1.0) == [broken]
