from __future__ import annotations

import random
from collections import Counter

from invented import tune

from jazzmus.kern.chords import parse_chord
from jazzmus.kern.document import RowKind, parse_kern
from jazzmus.synthesis.content.random_chords import with_random_chords


def test_only_the_chords_are_others_and_all_can_be_read() -> None:
    before = parse_kern(tune(3).replace("4e-X\tC:min6", "4e-X\tN.C."))
    after = parse_kern(with_random_chords(tune(3).replace("4e-X\tC:min6", "4e-X\tN.C."), random.Random(1)))
    changed = 0
    for old, new in zip(before.rows, after.rows, strict=True):
        if old.kind is RowKind.DATA and ":" in old.cells[-1]:
            assert new.cells[:-1] == old.cells[:-1]
            assert parse_chord(new.cells[-1]) is not None
            changed += new.cells[-1] != old.cells[-1]
        else:
            assert new.cells == old.cells
    assert changed > 10


def test_no_chord_tells_the_next_and_equal_states_give_equal_texts() -> None:
    kern = tune(40)
    assert with_random_chords(kern, random.Random(2)) == with_random_chords(kern, random.Random(2))
    rows = parse_kern(with_random_chords(kern, random.Random(2))).rows
    cells = [row.cells[-1] for row in rows if row.kind is RowKind.DATA and ":" in row.cells[-1]]
    roots = Counter(cell.partition(":")[0] for cell in cells)
    assert len(roots) == 15
    assert max(roots.values()) < 0.2 * len(cells)
    assert len({cell.partition(":")[2] for cell in cells}) > 25
    assert 0.01 < sum("/" in cell for cell in cells) / len(cells) < 0.15
