"""A hypothesis strategy for well-formed texts of the dialect: splits, linebreaks, changes of clef and key, comments."""

from __future__ import annotations

from hypothesis import strategies as st

NOTES = ("4c", "8ddL", "8b-J", "[2ff#X", "2ff#]", "4.een", "4r", "1ryy", "16aJk", "4cc 4ee", ".", "4a'", "8g^L", "8B_")
CHORDS = (".", ".", "C:maj", "Bb:min7/F", "A:sus4(7)", "F#:7(b5,#9)", "Eb:maj7", "D:min/C#")
CHANGES = ("*clefF4", "*clefG2", "*k[b-e-]", "*k[]", "*F:", "*B-:", "*M3/4", "*M4/4", "*met(c|)", "*MM120")
BARLINES = ("=", "=||", "=:|!", "=!|:", "=12")


@st.composite
def kern_texts(draw: st.DrawFn) -> str:
    """Draw a page's text; it may begin without a first barline and keep splits open over the end of a system."""
    has_chords = draw(st.booleans())
    voices = 1
    lines: list[str] = []

    def add(melody: list[str], chord: str) -> None:
        lines.append("\t".join([*melody, chord] if has_chords else melody))

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
        if draw(st.integers(0, 2)) == 0:
            add(["*^"] if voices == 1 else ["*v", "*v"], "*")
            voices = 3 - voices
        if draw(st.integers(0, 4)) == 0:
            add(["!LO:TX:a:t=Swing"] + ["!"] * (voices - 1), "!")
        for _ in range(draw(st.integers(1, 3))):
            add([draw(st.sampled_from(NOTES)) for _ in range(voices)], draw(st.sampled_from(CHORDS)))
    if voices == 2 and draw(st.booleans()):
        add(["*v", "*v"], "*")
        voices = 1
    add(["=="] * voices, "==")
    add(["*-"] * voices, "*-")
    return "\n".join(lines) + "\n"
