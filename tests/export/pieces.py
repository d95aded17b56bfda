"""Invented music for the tests of what people open: every notation the writers know, and texts that do not add up."""

from __future__ import annotations

from typing import NamedTuple

from jazzmus.dataset.manifest import SystemBox

# Bars: a pickup; tuplet, slur, dotted beam, tie; two voices; repeats and a new system; grace note and chord; a change.
PIECE = """\
**kern\t**mxhm
*clefG2\t*
*k[b-e-]\t*
*g:\t*
*M4/4\t*
*met(c)\t*
4ff\t.
=1\t=1
(12ddL\tBb:maj7
12ee-\t.
12ff#XJ)\t.
8.gg'L\tG:7(b9)
16aa-XJk\t.
[2b-^\tC:min7/Bb
=2\t=2
*^\t*
4b-]\t2d\tN.C.
4r\t.\tF:hdim7
4a\t4c\tEb:sus4(7)
4g;\t4B-\tD:maj6(9)
*v\t*v\t*
!!linebreak:original
=3:|!|:\t=3:|!|:
1r\tBb:min7
.\tEb:7
=4\t=4
qff#\t.
4gg 4b- 4dd\tAb:aug7(#9)
8bniL\tF#:dim7
8ccJ\t.
2dd~\tGb:13(#11)
!!linebreak:original
=5||\t=5||
*clefF4\t*
*k[f#]\t*
*M3/4\t*
16GLL\tG:maj
16AJJ\t.
8B\t.
4d\tsoon <over>
4eyy\t.
==\t==
*-\t*-
"""

WITHOUT_MELODY = "**mxhm\n=1\nC:maj\nF:7\n==\n*-\n"
EMPTY = "**kern\t**mxhm\n*clefG2\t*\n*-\t*-\n"
NO_NOTES = "**kern\t**mxhm\n=1\t=1\nwhat?\tC:maj\n4c\tC:xyz9(#15)\n7001c\t.\n4ccccccccccccc\t\x01\n==\t==\n*-\t*-\n"
STRANGE = (WITHOUT_MELODY, EMPTY, NO_NOTES)
HOSTILE = ("", "\n", "garbage", "**kern\n4c\t4d\n*-\n", "**kern\n4c\n", "4c\n*-\n")


class PlainReading(NamedTuple):
    kern: str
    stop_reason: str = "eos"
    confidence: float = 0.9
    seconds: float = 1.25
    row_confidences: tuple[float, ...] = ()
    doubtful_bars: tuple[int, ...] = ()
    system_boxes: tuple[SystemBox, ...] = ()
    tokens: tuple[tuple[str, float], ...] = ()
