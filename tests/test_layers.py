"""Reads the imports of every file of the package and holds them against the table of layers."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "jazzmus"

# A file imports files of lower layers, and of its own row those that stand before it. Rows of one layer are strangers.
LAYERS: tuple[tuple[int, str], ...] = (
    (0, "errors logs files pictures config_values config_files config_text run_folder"),
    (1, "config"),
    (1, "cli"),
    (
        1,
        "kern kern.document kern.vocabulary kern.notes kern.chords kern.chord_kinds kern.systems kern.accidentals"
        " kern.note_order kern.hidden_chords kern.spine_paths kern.completion kern.normal_form kern.written"
        " kern.transposition kern.forms kern.bar_sums kern.joining kern.closing kern.base_tokenizer kern.byte_pair"
        " kern.compact kern.tokenizer kern.token_mapping kern.codec kern.grammar_cells kern.grammar kern.grammar_gaps"
        " kern.token_graph kern.token_distance kern.token_grammar"
        " metrics.transcription metrics.harmony metrics.spine_walk metrics.voices metrics.beats metrics.exactness"
        " metrics.confusions metrics.error_causes metrics.report metrics metrics.torchmetrics_adapter",
    ),
    (1, "dataset dataset.manifest"),
    (1, "dataset.splits"),
    (
        2,
        "dataset.page_image dataset.page_transform dataset.annotation dataset.sources dataset.page_store"
        " dataset.prepare dataset.augment dataset.batch dataset.curriculum dataset.full_page_dataset dataset.sampling",
    ),
    (2, "layout layout.line_evidence layout.staff_paths layout.music_ink layout.staff_finding"),
    (
        2,
        "export export.note_values export.signatures export.score export.note_marks"
        " export.musicxml_chords export.musicxml_notes export.musicxml export.voicing export.midi"
        " export.verovio_process export.engraved export.comparison_picture export.reading export.html_style"
        " export.html_page export.json_record export.formats",
    ),
    (
        2,
        "synthesis synthesis.chord_text synthesis.bar_rests synthesis.engraving synthesis.elements"
        " synthesis.text_bars synthesis.score_drawing synthesis.svg_shapes synthesis.svg_layer"
        " synthesis.svg_elements synthesis.score_elements synthesis.element_check synthesis.endings"
        " synthesis.content synthesis.content.page_texts synthesis.content.bars synthesis.content.joints"
        " synthesis.content.leaks synthesis.content.repitching synthesis.content.recombination"
        " synthesis.content.musicxml_file synthesis.content.musicxml_chords synthesis.content.musicxml_notes"
        " synthesis.content.musicxml_part synthesis.content.musicxml_measures synthesis.content.musicxml"
        " synthesis.content.line_breaks synthesis.content.user_tunes synthesis.content.rhythm"
        " synthesis.content.tune_phrases synthesis.content.progressions"
        " synthesis.content.random_chords synthesis.content.melody"
        " synthesis.content.tune_form synthesis.content.tune_details synthesis.content.tune_composer"
        " synthesis.content.tune_text synthesis.content.procedural synthesis.content.source synthesis.paper"
        " synthesis.paper.style synthesis.paper.noise synthesis.paper.staff_paper synthesis.paper.warp"
        " synthesis.paper.surroundings synthesis.paper.light synthesis.paper.camera synthesis.paper.sheet"
        " synthesis.handwriting synthesis.handwriting.strokes synthesis.handwriting.ink"
        " synthesis.handwriting.glyphs synthesis.handwriting.clefs synthesis.handwriting.rests"
        " synthesis.handwriting.signs synthesis.handwriting.music_hand synthesis.handwriting.writing"
        " synthesis.handwriting.heads synthesis.handwriting.lines synthesis.handwriting.barlines"
        " synthesis.handwriting.single_signs synthesis.handwriting.spacing synthesis.handwriting.occupied"
        " synthesis.handwriting.chord_places synthesis.handwriting.corrections"
        " synthesis.handwriting.system_strokes synthesis.handwriting.fonts"
        " synthesis.handwriting.lettering_signs synthesis.handwriting.lettering"
        " synthesis.handwriting.chord_spelling synthesis.handwriting.chord_symbols"
        " synthesis.handwriting.invented_words synthesis.handwriting.remarks synthesis.handwriting.writer"
        " synthesis.page_style synthesis.drawn_page synthesis.drawn_store synthesis.page"
        " synthesis.generated_pages synthesis.page_folder synthesis.parquet synthesis.generate"
        " synthesis.contact_sheet synthesis.benchmark synthesis.__main__",
    ),
    (
        2,
        "model model.smt model.smt.configuration_smt model.smt.encoders model.smt.ctc model.smt.positions"
        " model.smt.attention model.smt.decoder model.smt.cache model.constraint model.decoding model.beam_search"
        " model.smt.modeling_smt model.public_weights model.model_card model.pretrained model.transfer"
        " model.parameter_names model.freezing model.optim",
    ),
    (3, "dataset.generated_stream dataset.full_page_datamodule"),
    (3, "provenance"),
    (3, "model.ctc_targets model.full_page_trainer"),
    (
        4,
        "training training.loggers training.checkpoints training.ema training.cost training.callbacks"
        " training.experiment training.memory training.freezing_cost",
    ),
    (3, "layout.report layout.__main__"),
    (
        4,
        "utils utils.pdf_pages utils.page_inputs utils.transcription utils.page_strategies utils.reranking"
        " utils.inference_utils"
        " utils.outputs utils.reading_run",
    ),
    (
        4,
        "compare compare.run_files compare.statistics compare.page_findings compare.comparison compare.tables"
        " compare.curves compare.svg_chart compare.html_report compare.results_page"
        " compare.records compare.__main__",
    ),
    (5, "evaluate show average text_report publish recipe"),
    (5, "bench bench.timing bench.networks bench.naive bench.measures bench.report bench.__main__"),
)
PLACES = {name: (layer, row, at) for row, (layer, names) in enumerate(LAYERS) for at, name in enumerate(names.split())}
SCRIPTS = ("data_prep.py", "train_full_page.py", "inference.py")

GLUE = {"config", "config_values", "config_files"}
FILES = {
    ".".join(path.relative_to(ROOT / PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / PACKAGE).rglob("*.py"))
    if path != ROOT / PACKAGE / "__init__.py"
}


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(path: Path) -> set[str]:
    """Full names of all that a file imports, anywhere in it; of `from a import b` both `a` and `a.b`."""
    names: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def siblings(path: Path) -> set[str]:
    """Names of the package's files that a file imports; a folder counts where something of its own is imported."""
    own = {name.removeprefix(f"{PACKAGE}.") for name in imported(path) if name.startswith(f"{PACKAGE}.")}
    return own & FILES.keys()


def libraries(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(path)}


def calls_of(path: Path, function: str) -> list[int]:
    """Lines that call a function by its bare name."""
    return [
        node.lineno
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function
    ]


def may_import(name: str, other: str) -> bool:
    (layer, row, at), (other_layer, other_row, other_at) = PLACES[name], PLACES[other]
    return other_layer < layer or (other_row == row and other_at < at)


def test_every_file_has_its_place() -> None:
    assert sorted(FILES.keys() - PLACES.keys()) == [], "new files: give them a layer in the table above"
    assert sorted(PLACES.keys() - FILES.keys()) == [], "files that are gone"


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_imports_only_what_lies_below(name: str) -> None:
    assert sorted(other for other in siblings(FILES[name]) if not may_import(name, other)) == []


def test_the_check_can_fail() -> None:
    assert not may_import("kern.document", "kern.tokenizer")
    assert not may_import("synthesis.page", "model.optim")
    assert not may_import("dataset.batch", "dataset.full_page_datamodule")
    assert may_import("training.experiment", "dataset.full_page_datamodule")
    assert {"kern.codec", "dataset.manifest"} <= siblings(FILES["dataset.full_page_dataset"])


def test_only_the_glue_knows_gin() -> None:
    assert {name for name, path in FILES.items() if "gin" in libraries(path)} <= GLUE


def test_only_the_loggers_know_wandb() -> None:
    assert {name for name, path in FILES.items() if "wandb" in libraries(path)} <= {"training.loggers"}
    lightning_ones = {name for name, path in FILES.items() if any("Wandb" in item for item in imported(path))}
    # The experiment binds the mode, whose name is a type of the loggers.
    assert lightning_ones <= {"training.loggers", "training.experiment"}
    assert not any("WandbLogger" in item for item in imported(FILES["training.experiment"]))


@pytest.mark.parametrize("name", [name for name in sorted(FILES) if name.split(".")[0] in ("kern", "metrics")])
def test_the_text_core_is_pure(name: str) -> None:
    forbidden = {"torch", "torchmetrics", "lightning", "gin", "PIL", "pathlib", "os", "io", "shutil"}
    if name == "metrics.torchmetrics_adapter":
        forbidden -= {"torch", "torchmetrics"}
    assert libraries(FILES[name]) & forbidden == set()
    assert siblings(FILES[name]) & GLUE == set()
    assert calls_of(FILES[name], "open") == []


def test_the_network_never_sees_text_and_metrics_never_a_network() -> None:
    for name, path in FILES.items():
        if name.startswith("model.") and name not in ("model.full_page_trainer",):
            assert {other for other in siblings(path) if other.startswith(("kern", "metrics"))} == set(), name


def test_no_print_in_the_package() -> None:
    printing = {name: calls_of(path, "print") for name, path in FILES.items()}
    assert {name: lines for name, lines in printing.items() if lines} == {}


def test_every_module_says_what_it_is_for() -> None:
    assert [name for name, path in FILES.items() if not ast.get_docstring(tree_of(path))] == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_thin(script: str) -> None:
    text = (ROOT / script).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80
    assert "sys.path" not in text
