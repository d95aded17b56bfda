from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from kern.documents import kern_texts

from jazzmus.metrics.confusions import CONFUSION_NAMES, Confusions, add_confusions, confusions
from jazzmus.metrics.report import PageResult, page_result
from jazzmus.metrics.spine_walk import walk

ROWS = [
    "**kern\t**mxhm",
    "*clefG2\t*",
    "=\t=",
    "4c\tC:maj7",
    "8d#\t.",
    "8r\t.",
    "2.ee-\tBb:min7/F",
    "=\t=",
    "1g\tG:7(b9)",
]
REFERENCE = "\n".join([*ROWS, "*-\t*-"]) + "\n"


def confused(prediction: str, reference: str = REFERENCE) -> Confusions:
    return confusions(walk(prediction), walk(reference))


def changed(old: str, new: str) -> Confusions:
    assert REFERENCE.count(old) == 1
    return confused(REFERENCE.replace(old, new))


def test_a_perfect_reading_confuses_nothing() -> None:
    assert confused(REFERENCE) == {}


def test_each_kind_is_told_by_what_was_read_for_what() -> None:
    assert changed("4c\t", "4d\t") == {"pitch": {"c->d": 1}}
    assert changed("4c\t", "4cc\t") == {"pitch": {"c->cc": 1}}
    assert changed("8d#", "8d") == {"accidental": {"sharp->none": 1}}
    assert changed("2.ee-", "2ee-") == {"duration": {"2.->2": 1}}
    assert changed("8r", "8e") == {"pitch": {"r->e": 1}}
    assert changed("C:maj7", "D:maj7") == {"chord_root": {"C->D": 1}}
    assert changed("C:maj7", "C:min7") == {"chord_quality": {"maj7->min7": 1}}
    assert changed("G:7(b9)", "G:7") == {"chord_quality": {"7(b9)->7": 1}}
    assert changed("min7/F", "min7") == {"chord_bass": {"F->none": 1}}
    assert changed("2.ee-", "4dd#") == {
        "pitch": {"ee->dd": 1},
        "accidental": {"flat->sharp": 1},
        "duration": {"2.->4": 1},
    }


def test_what_has_no_partner_is_missed_or_added() -> None:
    assert changed("8d#\t.\n", "") == {"missed": {"note": 1}}
    assert changed("8r\t.\n", "") == {"missed": {"rest": 1}}
    assert changed("4c\tC:maj7", "4c\t.") == {"missed": {"chord": 1}}
    assert changed("8r\t.", "8r\t.\n4a\tE:7\n4r\t.") == {"added": {"chord": 1, "note": 1, "rest": 1}}
    assert confused("") == {"missed": {"barline": 2, "chord": 3, "note": 4, "rest": 1, "signature": 1}}


def test_marks_are_no_confusion_and_notes_struck_together_are_several() -> None:
    assert changed("8d#", "8d#L") == {}
    assert changed("4c\t", "4c 4e\t") == {"added": {"note": 1}}


def test_names_hold_no_text() -> None:
    """A cell that is no music is text of a page, or of anything."""
    secret = "secretwords"
    for cell in (secret, f"4c{secret}", f"4{'c' * 50}", f"{'4' * 50}c", "4" * 500 + "c"):
        assert secret not in str(changed("4c\t", f"{cell}\t"))
        assert max(len(name) for kind in changed("4c\t", f"{cell}\t").values() for name in kind) < 20, cell
    for cell in (secret, f"C:{secret}", f"C:7({','.join('9' * 40)})"):
        assert changed("C:maj7", cell).keys() <= {"chord_root", "chord_quality"}
        assert "other" in str(changed("C:maj7", cell))
        assert secret not in str(changed("C:maj7", cell))


TEXTS = st.text("4c*^v-=!\t\n. kern:7/m", max_size=60) | kern_texts() | st.text(max_size=30)
TEXTS |= TEXTS.map(lambda text: "**kern\t**mxhm\n" + text)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_any_texts_are_compared_and_both_ways_alike(prediction: str, reference: str) -> None:
    there, back = confused(prediction, reference), confused(reference, prediction)
    for found in (there, back):
        assert found.keys() <= set(CONFUSION_NAMES)
        assert all(count > 0 for kind in found.values() for count in kind.values())
    assert there == {} or prediction != reference
    # How many more there are in one text does not depend on which of several best alignments is taken.
    surplus = sum(there.get("missed", {}).values()) - sum(there.get("added", {}).values())
    assert surplus == sum(back.get("added", {}).values()) - sum(back.get("missed", {}).values())


def test_sums_begin_with_the_most_frequent() -> None:
    pages = [{"pitch": {"a->b": 1, "c->d": 2}}, {"pitch": {"c->d": 2, "b->a": 1}, "added": {"note": 1}}]
    sums = add_confusions(pages)
    assert sums == {"pitch": {"c->d": 4, "a->b": 1, "b->a": 1}, "added": {"note": 1}}
    assert list(sums["pitch"]) == ["c->d", "a->b", "b->a"]


def test_a_page_result_has_systems_and_confusions_and_comes_back() -> None:
    reference = REFERENCE.replace("=\t=\n1g", "!!linebreak:original\n=\t=\n1g")
    result = page_result("page", reference, reference.replace("4c\t", "4d\t"), "eos", 0.5)
    assert (result.systems, result.confusions) == (2, {"pitch": {"c->d": 1}})
    line = result.to_json(with_texts=False)
    assert "kern" not in line
    again = PageResult.from_json(line)
    assert (again.systems, again.confusions) == (2, {"pitch": {"c->d": 1}})
