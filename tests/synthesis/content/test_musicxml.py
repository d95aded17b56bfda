"""MusicXML files, sound and broken, become texts of the dialect or one line of refusal."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from lxml import etree

from jazzmus.errors import DataError
from jazzmus.kern.chords import parse_chord
from jazzmus.kern.document import CHORD_SPINE, MELODY_SPINE, RowKind, parse_kern
from jazzmus.kern.notes import NULL_CELL, parse_notes
from jazzmus.kern.tokenizer import build_tokenizer
from jazzmus.kern.written import written_losses
from jazzmus.synthesis.content.musicxml import ConvertedTune, read_musicxml
from jazzmus.synthesis.content.musicxml_file import MAX_SCORE_BYTES

TIME = "<time><beats>4</beats><beat-type>4</beat-type></time>"
KEY = "<key><fifths>-2</fifths></key>"
FORWARD = '<barline location="left"><repeat direction="forward"/></barline>'
BACKWARD = '<barline location="right"><repeat direction="backward"/></barline>'
DOUBLE = '<barline location="right"><bar-style>light-light</bar-style></barline>'
WHOLE = {1: "eighth", 2: "quarter", 4: "half", 8: "whole"}
CONTAINER = "<container><rootfiles><rootfile full-path='{}'/></rootfiles></container>"


def note(pitch: str, eighths: float, inner: str = "", before: str = "") -> str:
    """Return a `<note>` such as `Bb4` or a rest (`r`); `before` comes first in it, `inner` last."""
    sounds = "<rest/>"
    if pitch != "r":
        alter = {"#": 1, "b": -1}.get(pitch[1:2], 0) * len(pitch[1:-1])
        sounds = f"<pitch><step>{pitch[0]}</step><alter>{alter}</alter><octave>{pitch[-1]}</octave></pitch>"
    kind = f"<type>{WHOLE[int(eighths)]}</type>" if eighths in WHOLE else ""
    return f"<note>{before}{sounds}<duration>{eighths * 6:g}</duration>{kind}{inner}</note>"


def chord(root: str, kind: str, inner: str = "") -> str:
    alter = {"#": 1, "b": -1}.get(root[1:], 0)
    root_xml = f"<root><root-step>{root[0]}</root-step><root-alter>{alter}</root-alter></root>"
    return f"<harmony>{root_xml}<kind>{kind}</kind>{inner}</harmony>"


def degree(value: int, alter: int, kind: str = "add") -> str:
    return (
        f"<degree><degree-value>{value}</degree-value><degree-alter>{alter}</degree-alter>"
        f"<degree-type>{kind}</degree-type></degree>"
    )


def score(*measures: str, attributes: str = KEY + TIME) -> str:
    first = f"<attributes><divisions>12</divisions>{attributes}</attributes>"
    inner = "".join(
        f'<measure number="{number}">{first if number == 1 else ""}{measure}</measure>'
        for number, measure in enumerate(measures, start=1)
    )
    return f"<score-partwise><part>{inner}</part></score-partwise>"


def converted(tmp_path: Path, xml: str | bytes) -> ConvertedTune:
    path = tmp_path / "tune.musicxml"
    path.write_bytes(xml if isinstance(xml, bytes) else xml.encode())
    return read_musicxml(path)


def body(tune: ConvertedTune) -> list[str]:
    """Return the rows that are no interpretations."""
    return [line for line in tune.kern.splitlines() if not line.startswith("*")]


def full(*pitches: str) -> str:
    return "".join(note(pitch, 8 // len(pitches)) for pitch in pitches)


def test_the_header_is_that_of_the_training_texts(tmp_path: Path) -> None:
    clef = "<clef><sign>F</sign><line>4</line></clef>"
    minor = "<key><fifths>-3</fifths><mode>minor</mode></key>"
    cut = '<time symbol="cut"><beats>2</beats><beat-type>2</beat-type></time>'
    tune = converted(tmp_path, score(full("C3"), attributes=minor + cut + clef))
    rows = ["**kern\t**mxhm", "*clefF4\t*", "*k[b-e-a-]\t*", "*c:\t*", "*M2/2\t*", "*met(c|)\t*", "=\t="]
    assert tune.kern.splitlines() == [*rows, "1C\t.", "==\t==", "*-\t*-"]
    plain = converted(tmp_path, score(full("C5"), attributes=TIME))
    assert plain.kern.splitlines()[1:4] == ["*clefG2\t*", "*k[]\t*", "*M4/4\t*"]


def test_ties_accidentals_and_their_marks(tmp_path: Path) -> None:
    tie = '<tie type="start"/>'
    tune = converted(
        tmp_path,
        score(
            full("Bb4", "B4", "B4", "F#4"),
            note("Eb4", 4) + note("Ab4", 4, tie),
            note("Ab4", 2, tie) + note("Ab4", 2) + note("Ab4", 4, tie),
            full("A4", "A4"),
        ),
    )
    assert body(tune)[1:5] == ["4b-\t.", "4bn\t.", "4b\t.", "4f#X\t."]
    assert body(tune)[6:8] == ["2e-\t.", "[2a-X\t."]
    # A tie carries no accidental on to the note behind it, and one that reaches no note of its pitch goes.
    assert body(tune)[9:12] == ["4a-_\t.", "4a-]\t.", "2a-X\t."]
    assert "tie to another note left out" in tune.repairs
    assert not written_losses(tune.kern)


def test_beams_are_read_or_made_up(tmp_path: Path) -> None:
    begin, end = "<beam number='1'>begin</beam>", "<beam number='1'>end</beam>"
    tune = converted(tmp_path, score(note("G4", 1, begin) + note("A4", 1, end) + note("G4", 1) * 2 + note("C5", 4)))
    assert body(tune)[1:5] == ["8gL\t.", "8aJ\t.", "8g\t.", "8g\t."]
    unbeamed = note("G4", 1) * 4 + note("G4", 1.5) + note("A4", 0.5) + note("G4", 0.5) + note("A4", 1.5)
    tune = converted(tmp_path, score(unbeamed))
    assert [row.split("\t")[0] for row in body(tune)[1:9]] == [
        "8gL",
        "8g",
        "8g",
        "8gJ",
        "8.gL",
        "16aJk",
        "16gKL",
        "8.aJ",
    ]
    broken = note("G4", 1, begin) + note("A4", 1) + note("C5", 2, end) + note("C5", 4)
    assert [row.split("\t")[0] for row in body(converted(tmp_path, score(broken)))[1:4]] == ["8gL", "8aJ", "4cc"]


def test_triplets_and_durations_without_a_type(tmp_path: Path) -> None:
    ratio = "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification>"
    third = "<note><pitch><step>D</step><octave>5</octave></pitch><duration>{}</duration><type>{}</type>{}</note>"
    measure = third.format(8, "quarter", ratio) * 3 + third.format(4, "eighth", ratio) * 3 + note("D5", 2)
    tune = converted(tmp_path, score(measure))
    assert [row.split("\t")[0] for row in body(tune)[1:8]] == ["6dd", "6dd", "6dd", "12ddL", "12dd", "12ddJ", "4dd"]
    untyped = converted(tmp_path, score(note("D5", 7) + note("D5", 1)))
    assert body(untyped)[1:3] == ["2..dd\t.", "8dd\t."]


def test_chords_stand_where_they_begin(tmp_path: Path) -> None:
    kinds = [chord("Bb", "major-seventh"), chord("G", "dominant", degree(9, -1)), chord("C", "suspended-fourth")]
    late = chord("F", "dominant", "<offset>24</offset>")
    measures = [kinds[0] + note("D5", 2) + kinds[1] + note("D5", 6) + kinds[2], late + full("F5")]
    tune = converted(tmp_path, score(*measures))
    assert tune.chords == 4
    assert body(tune)[1:4] == ["4dd\tBb:maj7", "2.dd\tG:7(b9)", ".\tC:sus4"]
    assert body(tune)[5:7] == ["1ff\t.", ".\tF:7"]


@pytest.mark.parametrize(
    ("xml", "cell", "is_told"),
    [
        (chord("C", "minor-seventh", degree(5, -1, "alter")), "C:hdim7", False),
        (chord("C", "suspended-fourth", degree(9, 0) + degree(7, 0)), "C:sus4(7,9)", False),
        (chord("F#", "half-diminished", "<bass><bass-step>E</bass-step></bass>"), "F#:hdim7/E", False),
        (chord("C", "dominant", degree(11, 1) + degree(13, 0)), "C:7(#11)", True),
        (chord("C", "maj69"), "C:maj6(9)", False),
        (chord("C", "minor-13th"), "C:min11", True),
        (chord("C", "a kind of its own"), "C:maj", True),
        (chord("C", "dominant", degree(99, 7)), "C:7", True),
        (chord("B", "minor", "<bass><bass-step>B</bass-step><bass-alter>-2</bass-alter></bass>"), "B:min/A", False),
        (chord("C", "none"), NULL_CELL, True),
        ("<harmony><function>V</function><kind>major</kind></harmony>", NULL_CELL, True),
    ],
)
def test_chord_kinds(tmp_path: Path, xml: str, cell: str, is_told: bool) -> None:
    tune = converted(tmp_path, score(xml + full("C5")))
    assert body(tune)[1] == f"1cc\t{cell}"
    assert bool(tune.repairs) == is_told
    assert cell == NULL_CELL or parse_chord(cell) is not None


def test_barlines(tmp_path: Path) -> None:
    bar = full("C5")
    tune = converted(tmp_path, score(FORWARD + bar, bar + BACKWARD, FORWARD + bar, bar + BACKWARD, bar + DOUBLE, bar))
    barlines = [line.split("\t")[0] for line in body(tune) if line.startswith("=")]
    assert barlines == ["=!|:", "=", "=:|!|:", "=", "=:|!", "=||", "=="]
    assert body(converted(tmp_path, score(bar, bar + BACKWARD)))[-1] == "=:|!\t=:|!"
    pickup = converted(tmp_path, score(note("C5", 2), bar))
    assert body(pickup)[:2] == ["4cc\t.", "=\t="]
    assert pickup.repairs == ()


def test_changes_within_a_tune_are_stated_once(tmp_path: Path) -> None:
    waltz = (
        "<attributes><key><fifths>0</fifths></key><time><beats>3</beats><beat-type>4</beat-type></time></attributes>"
    )
    tune = converted(tmp_path, score(full("C5"), waltz + note("C5", 6), waltz + note("C5", 6)))
    assert tune.kern.splitlines()[5:] == [
        "=\t=", "1cc\t.", "=\t=", "*k[]\t*", "*M3/4\t*", "2.cc\t.", "=\t=", "2.cc\t.", "==\t==", "*-\t*-",
    ]  # fmt: skip


def test_notes_struck_together_grace_notes_and_further_voices(tmp_path: Path) -> None:
    second = note("A4", 8, "<voice>2</voice>")
    struck = note("G5", 8, "<voice>1</voice>") + note("C5", 8, "<voice>1</voice>", "<chord/>")
    grace = "<note><grace/><pitch><step>A</step><octave>5</octave></pitch></note>"
    backup = "<backup><duration>48</duration></backup>"
    tune = converted(tmp_path, score(grace + struck + backup + second + second.replace("<pitch>", "<chord/><pitch>")))
    assert body(tune)[1:3] == ["1cc 1gg\t.", "==\t=="]
    assert (tune.notes, tune.grace_notes, tune.chord_notes) == (1, 1, 1)
    assert tune.repairs == ("note or rest of a further voice left out", "grace note left out")


def test_octave_clefs_double_accidentals_and_marks(tmp_path: Path) -> None:
    clef = "<clef><sign>G</sign><line>2</line><clef-octave-change>-1</clef-octave-change></clef>"
    marks = "<notations><articulations><staccato/></articulations><fermata/></notations>"
    tune = converted(tmp_path, score(note("C4", 4, marks) + note("F##4", 4), attributes=clef + TIME))
    assert body(tune)[1:3] == ["2cc';\t.", "2gg\t."]
    assert tune.kern.splitlines()[1] == "*clefG2\t*"


def test_rests_fill_what_is_missing(tmp_path: Path) -> None:
    whole = '<note><rest measure="yes"/><duration>48</duration></note>'
    waltz = "<time><beats>3</beats><beat-type>4</beat-type></time>"
    tune = converted(tmp_path, score(note("C5", 6), whole, "", note("C5", 1), note("C5", 6), attributes=waltz))
    assert " ".join(line.split("\t")[0] for line in body(tune)) == "= 2.cc = 2.r = 2.r = 8cc 2r 8r = 2.cc =="
    assert tune.repairs == (
        "measure 3: empty, filled with a rest",
        "measure 4: 1/8 of 3/4 whole notes, filled with rests",
    )
    gap = converted(tmp_path, score("<forward><duration>24</duration></forward>" + note("C5", 4)))
    assert body(gap)[1:3] == ["2r\t.", "2cc\t."]


def test_long_measures_get_a_meter_of_their_own(tmp_path: Path) -> None:
    tune = converted(tmp_path, score(full("C5"), full("C5") + note("C5", 2), full("C5")))
    rows = ["=\t=", "1cc\t.", "=\t=", "*M5/4\t*", "1cc\t.", "4cc\t.", "=\t=", "*M4/4\t*", "1cc\t.", "==\t==", "*-\t*-"]
    assert tune.kern.splitlines()[5:] == rows
    assert tune.repairs == ("measure 2: longer than its meter, 5/4 stated",)
    resting = converted(tmp_path, score(full("C5"), full("C5") + note("r", 2), full("C5")))
    assert "*M5/4" not in resting.kern


def test_a_missing_meter_is_that_of_the_measures(tmp_path: Path) -> None:
    tune = converted(tmp_path, score(*[note("C5", 6)] * 4, attributes=KEY))
    assert "*M3/4\t*" in tune.kern
    assert tune.repairs == ("no meter: 3/4 taken from the length of the measures",)
    with pytest.raises(DataError, match="no meter; give it a time signature"):
        converted(tmp_path, score(full("C5"), note("C5", 6), note("C5", 4), note("C5", 2), attributes=KEY))


BROKEN = {
    "not XML": ("<score-partwise><part>", "not well-formed XML"),
    "no XML at all": (b"\x00\xff\xfe no score", "not well-formed XML"),
    "by time": ("<score-timewise/>", "export it as `score-partwise`"),
    "another root": ("<html/>", "no MusicXML score"),
    "no parts": ("<score-partwise/>", "a score without parts"),
    "no measures": ("<score-partwise><part/></score-partwise>", "no notes"),
    "only rests": (score(note("r", 8)), "no notes"),
    "many measures": (score(*[full("C5")] * 10_000), "10000 measures, the limit is 1000"),
    "long note": (score(note("C5", 800)), "measure 1: a duration of 100 whole notes"),
    "odd note": (score(note("C5", 5)), "write it as tied notes"),
    "odd rest": (score(note("C5", 6) + note("r", 0.0205)), "no rests fill"),
    "huge number": (score(full("C5").replace("48", "9" * 400)), "not a number"),
    "no duration": (score("<note><pitch><step>C</step><octave>4</octave></pitch></note>"), "not a number"),
    "divisions of nothing": (score(full("C5")).replace("<divisions>12", "<divisions>0"), "must be positive"),
    "divisions not finite": (score(full("C5")).replace("<divisions>12", "<divisions>inf"), "not a number"),
    "high note": (score(note("C5", 8).replace("<octave>5", "<octave>55")), "cannot be written"),
    "no step": (score(note("H5", 8)), "cannot be written"),
    "drum clef": (score(full("C5"), attributes=TIME + "<clef><sign>percussion</sign></clef>"), "treble, bass or C"),
    "odd meter": (score(full("C5"), attributes=TIME.replace("<beats>4", "<beats>0")), "a meter of `0/4`"),
    "odd key": (score(full("C5"), attributes=TIME + "<key><fifths>12</fifths></key>"), "a key signature"),
    "full of short bars": (score(*[note("C5", 3)] * 20), "18 of 20 measures do not fill their meter"),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_broken_scores_are_refused_in_one_line(tmp_path: Path, name: str) -> None:
    xml, reason = BROKEN[name]
    with pytest.raises(DataError, match=reason.replace("(", r"\(")) as caught:
        converted(tmp_path, xml)
    assert str(caught.value).startswith(str(tmp_path / "tune.musicxml"))
    assert "\n" not in str(caught.value)


def test_hostile_xml_is_neither_expanded_nor_fetched(tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 30))
    secret = tmp_path / "secret.txt"
    secret.write_text("G5", encoding="utf-8")
    started = time.process_time()
    for declared in (f'<!ENTITY l0 "ha">{laughs}', f'<!ENTITY l29 SYSTEM "{secret}">'):
        with pytest.raises(DataError, match=r"declares XML entities|entity nesting"):
            converted(tmp_path, f"<!DOCTYPE score-partwise [{declared}]>" + score(full("C5") + "&l29;"))
    with pytest.raises(DataError, match="not well-formed"):
        converted(tmp_path, "<a>" * 100_000)
    outside = '<!DOCTYPE score-partwise PUBLIC "-//X//Y" "http://127.0.0.1:9/partwise.dtd">'
    assert converted(tmp_path, outside + score(full("C5"))).notes == 1
    assert time.process_time() - started < 2


def test_a_score_with_any_element_gone_or_odd_gives_a_text_or_one_line(tmp_path: Path) -> None:
    xml = score(FORWARD + chord("C", "dominant", degree(9, -1)) + full("C5", "Bb4"), full("D5") + BACKWARD)
    count = len(list(etree.fromstring(xml).iter()))
    written, refusals = 0, []
    for index in range(1, count):
        for odd in (None, "", "-1", "1e9", "\u0663", "x" * 50):
            root = etree.fromstring(xml)
            element = list(root.iter())[index]
            element.text = odd
            parent = element.getparent()
            if odd is None and parent is not None:
                parent.remove(element)
            try:
                parse_kern(converted(tmp_path, etree.tostring(root)).kern)
                written += 1
            except DataError as error:
                refusals.append(str(error))
    assert written > count
    assert refusals
    assert not any("\n" in refusal for refusal in refusals)


def archive(path: Path, members: Sequence[tuple[str, str | bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return path


def test_archives(tmp_path: Path) -> None:
    tune, other = score(full("C5")), score(full("D5"))
    path = tmp_path / "tune.mxl"
    container = ("META-INF/container.xml", CONTAINER.format("b.xml"))
    archive(path, [container, ("a.xml", tune), ("b.xml", other)])
    assert "1dd" in read_musicxml(path).kern
    # Names with an apostrophe have made broken containers; a name that leads elsewhere is no member.
    for name in ("it's.xml", "../../etc/passwd"):
        archive(path, [("META-INF/container.xml", CONTAINER.format(name)), ("a.xml", tune)])
        assert "1cc" in read_musicxml(path).kern
    archive(path, [("notes.txt", "nothing")])
    with pytest.raises(DataError, match=r"tune\.mxl: an archive without a score"):
        read_musicxml(path)
    archive(path, [("a.xml", b" " * (MAX_SCORE_BYTES + 10))])
    with pytest.raises(DataError, match="larger than 20 MB"):
        read_musicxml(path)
    path.write_bytes(archive(tmp_path / "whole.mxl", [("a.xml", tune)]).read_bytes()[:-30])
    with pytest.raises(DataError, match="broken archive"):
        read_musicxml(path)
    for absent in (tmp_path / "absent.mxl", tmp_path):
        with pytest.raises(DataError, match=r"no such file|not a plain file"):
            read_musicxml(absent)


def bars_of(kern: str) -> list[tuple[str, Fraction, Fraction]]:
    """Return the barline before each bar, its length and that of its meter."""
    bars: list[tuple[str, Fraction, Fraction]] = []
    barline, length, meter = "", Fraction(0), Fraction(0)
    for row in parse_kern(kern).rows:
        cell = row.cells[0]
        if row.kind is RowKind.BARLINE:
            if length:
                bars.append((barline, length, meter))
            barline, length = cell, Fraction(0)
        elif row.kind is RowKind.DATA:
            length += parse_notes(cell)[0].duration if cell != NULL_CELL else 0
        elif cell.startswith("*M"):
            meter = Fraction(cell[2:])
    return [*bars, (barline, Fraction(0), meter)]


def test_every_tune_of_the_collection_loads_whole(shared: Path) -> None:
    paths = sorted((shared / "openewld").glob("*.mxl"))
    assert len(paths) == 497
    tokenizer = build_tokenizer("medium")
    for path in paths:
        with zipfile.ZipFile(path) as file:
            name = next(name for name in file.namelist() if not name.startswith("META-INF"))
            root = etree.fromstring(file.read(name))
        tune = read_musicxml(path)
        assert tune.notes == root.xpath("count(//note[not(grace) and not(rest) and not(chord)])"), path
        assert tune.chords == root.xpath("count(//harmony[root])"), path
        assert tune.grace_notes == root.xpath("count(//note[grace])"), path
        assert tune.chord_notes == root.xpath("count(//note[chord])"), path
        document = parse_kern(tune.kern)
        assert document.spine_types == (MELODY_SPINE, CHORD_SPINE)
        cells = [row.cells for row in document.rows if row.kind is RowKind.DATA]
        assert sum(bool(parse_notes(cell)) and not parse_notes(cell)[0].is_rest for cell, _ in cells) == tune.notes
        assert all(cell == NULL_CELL or parse_chord(cell) is not None for _, cell in cells)
        assert not written_losses(tune.kern)
        assert tokenizer.encode(tune.kern)
        bars = bars_of(tune.kern)
        for (_, before, _), (barline, length, meter), (after, beyond, _) in zip(
            [("", Fraction(0), Fraction(0)), *bars], bars, bars[1:], strict=False
        ):
            is_whole = length == meter or meter in (length + before, length + beyond)
            assert is_whole or {barline, after} & {"", "=||", "=:|!", "=!|:", "=:|!|:", "=="} or not before, path
