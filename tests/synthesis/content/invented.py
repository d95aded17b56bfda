"""Invented tunes of several systems for tests of content sources."""

from __future__ import annotations

from jazzmus.kern.transposition import draw_accidentals

HEADER = "**kern\t**mxhm\n*clefG2\t*\n{signature}\t*\n*M4/4\t*\n"
BARS = (
    ("4g\tG:7", "8aL\t.", "8bJ\t.", "[2cc\tC:maj7"),
    ("4cc]\tF:maj", "4a\t.", "8.f\tB:hdim7", "16e\t.", "4d\t."),
    ("2f#X\tD:7", "4e-X\tC:min6", "4r\t."),
    ("1en\tA:min7/E",),
)
OTHER_BARS = (
    ("4d\tD:min7", "4d\t.", "2f\tG:7(b9)"),
    ("8cL\tC:maj", "8d\t.", "8e\t.", "[8gJ\t.", "2g]\tA:7(#5)"),
    ("8.aL\tD:min", "16gJk\t.", "4bn\t.", "4cc\tF:maj7", "4dd\t."),
    ("2cc#X\tA:7", "2r\t."),
)


def tune(systems: int, bars: tuple[tuple[str, ...], ...] = BARS, signature: str = "*k[]") -> str:
    """A tune of four bars a system, the last two now in this, now in the other order; with a pickup and a repeat."""
    lines = [HEADER.format(signature=signature) + "4c\t."]
    for system in range(systems):
        if system:
            lines.append("!!linebreak:original")
        for number, bar in enumerate(bars if system % 2 else (*bars[:2], *reversed(bars[2:]))):
            barline = "=" if number or system > 1 else ("=!|:", "=:|!")[system]
            lines += [f"{barline}\t{barline}", *bar]
    return draw_accidentals("\n".join([*lines, "==\t==", "*-\t*-", ""]))


TEXTS = (tune(5), tune(4, OTHER_BARS), tune(6, OTHER_BARS, "*k[b-]"), tune(3, BARS, "*k[f#]"))
