"""A hypothesis strategy for well-formed texts of the dialect: splits, linebreaks, changes of clef and key, comments."""

from __future__ import annotations

from hypothesis import strategies as st

NOTES = ("4c", "8ddL", "8b-J", "[2ff#X", "2ff#]", "4.een", "4r", "1ryy", "16aJk", "4cc 4ee", ".", "4a'", "8g^L", "8B_")
# Other orders of marks, and marks that nobody sees.
ODD_NOTES = ("08ddL/", "4ff#iX", "8ee-i", "4g 4e", "4an'i", "8c\\L]", "4aaX", "_4f", "([4d)", "8b-;JX", "4B 4c 4B-")
CHORDS = (".", ".", "C:maj", "Bb:min7/F", "A:sus4(7)", "F#:7(b5,#9)", "Eb:maj7", "D:min/C#")
CHANGES = ("*clefF4", "*clefG2", "*k[b-e-]", "*k[]", "*F:", "*B-:", "*M3/4", "*M4/4", "*met(c|)", "*MM120")
BARLINES = ("=", "=||", "=:|!", "=!|:", "=12")
COMMENTS = ("!LO:TX:a:t=Swing", "!LO:TX:a:t=Bbm7", "!LO:TX:b:t=G7", "!LO:TX:a:t=N.C.")


@st.composite
def kern_texts(draw: st.DrawFn, more_notes: tuple[str, ...] = ()) -> str:
    """Draw a page's text; it may begin without a first barline and keep splits open over the end of a system."""
    has_chords = draw(st.booleans())
    notes = st.sampled_from(NOTES + more_notes)
    voices = 1
    lines: list[str] = []

    def add(melody: list[str], chord: str) -> None:
        lines.append("\t".join([*melody, chord] if has_chords else melody))

    def split_or_join() -> None:
        nonlocal voices
        joins = voices == 3 or (voices == 2 and draw(st.booleans()))
        add(["*"] * (voices - 2) + ["*v", "*v"] if joins else ["*"] * (voices - 1) + ["*^"], "*")
        voices += -1 if joins else 1

    add(["**kern"], "**mxhm")
    for change in draw(st.lists(st.sampled_from(('*I"Voice', "*clefG2", "*k[f#]", "*G:", "*M4/4", "*met(c)")))):
        add([change], "*")
    for bar in range(draw(st.integers(1, 6))):
        if bar and draw(st.booleans()):
            lines.append(draw(st.sampled_from(("!!linebreak:original", "!!linebreak:original", "!!linebreak"))))
        if bar or draw(st.booleans()):
            barline = draw(st.sampled_from(BARLINES))
            add([barline] * voices, barline)
        if draw(st.integers(0, 3)) == 0:
            add([draw(st.sampled_from(CHANGES))] * voices, "*")
        for _ in range(draw(st.integers(1, 3))):
            if draw(st.integers(0, 3)) == 0:
                split_or_join()
            if draw(st.integers(0, 5)) == 0:
                add([draw(st.sampled_from(COMMENTS))] + ["!"] * (voices - 1), "!")
            add([draw(notes) for _ in range(voices)], draw(st.sampled_from(CHORDS)))
    while voices > 1 and draw(st.booleans()):
        add(["*"] * (voices - 2) + ["*v", "*v"], "*")
        voices -= 1
    add(["=="] * voices, "==")
    add(["*-"] * voices, "*-")
    return "\n".join(lines) + "\n"
