from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
import torch
from pdf_files import pdf
from PIL import Image
from random_weights import save_random_weights

import inference
from jazzmus.errors import CheckpointError
from jazzmus.kern.tokenizer import build_tokenizer
from jazzmus.kern.vocabulary import Vocabulary
from jazzmus.logs import run_script
from jazzmus.utils.inference_utils import Recognizer, load_recognizer, shipped_weights


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network with random weights that writes 20 tokens."""
    vocabulary = Vocabulary.build([build_tokenizer("medium").encode("**kern\n*clefG2\n=\n4c\n8d\n*-\n")])
    return save_random_weights(tmp_path_factory.mktemp("weights") / "random", vocabulary.tokens, 20)


@pytest.fixture(scope="module")
def recognizer(weights: Path) -> Recognizer:
    return load_recognizer(weights, "cpu")


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    folder.mkdir()
    for number, name in enumerate(("b.png", "a.jpg", "c.PNG")):
        image = Image.effect_noise((90 + 20 * number, 120), 60.0)
        image.save(folder / name)
    (folder / "notes.txt").write_text("no page")
    return folder


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["inference.py", *map(str, arguments)])
    return run_script(inference.main)


def test_one_page_on_standard_output_and_nothing_else(
    weights: Path, pages: Path, recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    assert run(monkeypatch, "--checkpoint", weights, "--image", pages / "a.jpg") == 0
    from jazzmus.dataset.page_image import read_image

    assert capsys.readouterr().out == recognizer.read(read_image(pages / "a.jpg")).kern != ""


def test_several_pages_go_to_a_folder(weights: Path, pages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = pages.parent / "out" / "new"
    assert run(monkeypatch, "--checkpoint", weights, "--image", pages, "--output", output) == 0
    assert sorted(path.name for path in output.iterdir()) == ["a.krn", "b.krn", "c.krn"]


def test_several_pages_without_output(
    weights: Path, pages: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    assert run(monkeypatch, "--checkpoint", weights, "--image", pages) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "error: several pages need --output FOLDER\n"


@pytest.mark.parametrize("typed", ["readings/", "readings", "there", "there.d", "v1.2/"])
def test_one_page_into_a_folder_as_typed(
    weights: Path, pages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    for name in ("there", "there.d"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "--checkpoint", weights, "--image", pages / "a.jpg", "--output", typed) == 0
    assert (tmp_path / typed / "a.krn").is_file()


def test_a_file_without_a_suffix_that_is_there_stays_a_file(
    weights: Path, pages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "plain").write_text("old")
    words = ("--checkpoint", weights, "--image", pages / "a.jpg", "--output")
    assert run(monkeypatch, *words, tmp_path / "plain") == 0
    assert (tmp_path / "plain").read_text() != "old"
    assert run(monkeypatch, *words, f"{tmp_path / 'plain'}/") == 2
    assert "plain: a folder is needed here, this is a file" in capsys.readouterr().err


def test_a_folder_anywhere_among_the_images_asks_for_a_folder(
    weights: Path, pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file and one folder are several pages, whichever comes first."""
    for name in ("b.png", "c.PNG"):
        (pages / name).unlink()
    (single := pages.parent / "s.png").write_bytes((pages / "a.jpg").read_bytes())
    words = ("--checkpoint", weights, "--image", single, pages, "--output", pages.parent / "out.d")
    assert run(monkeypatch, *words) == 0
    assert sorted(path.name for path in (pages.parent / "out.d").iterdir()) == ["a.krn", "s.krn"]


def test_a_folder_with_one_page_gets_a_folder(weights: Path, pages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b.png", "c.PNG"):
        (pages / name).unlink()
    assert run(monkeypatch, "--checkpoint", weights, "--image", pages, "--output", pages.parent / "out") == 0
    assert (pages.parent / "out" / "a.krn").is_file()


def test_a_broken_page_is_told_by_the_exit_code(weights: Path, pages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (pages / "b.png").write_bytes(b"no image")
    assert run(monkeypatch, "--checkpoint", weights, "--image", pages, "--output", pages.parent / "out") == 2
    assert sorted(path.name for path in (pages.parent / "out").iterdir()) == ["a.krn", "c.krn"]


def test_chosen_pages_of_a_pdf(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "book.pdf").write_bytes(pdf([(100, 120), (90, 120), (120, 120)]))
    words = ("--checkpoint", weights, "--image", tmp_path / "book.pdf", "--pages")
    assert run(monkeypatch, *words, "2-", "--output", tmp_path / "out") == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["book-002.krn", "book-003.krn"]
    capsys.readouterr()
    assert run(monkeypatch, *words, "3") == 0
    assert capsys.readouterr().out == (tmp_path / "out" / "book-003.krn").read_text()


def test_options_reach_the_recognizer(
    weights: Path, pages: Path, recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[dict[str, object]] = []

    def load(checkpoint: object, **options: object) -> Recognizer:
        given.append({"checkpoint": checkpoint, **options})
        return recognizer

    monkeypatch.setattr("jazzmus.utils.inference_utils.load_recognizer", load)
    words = ("--checkpoint", "x", "--image", pages / "a.jpg")
    assert run(monkeypatch, *words) == 0
    assert given.pop() == {"checkpoint": "x", "find_boxes": False}
    for name in ("html", "json"):  # they show where the systems stand
        assert run(monkeypatch, *words, "--output", pages.parent / "out", "--format", name) == 0
        assert given.pop() == {"checkpoint": "x", "find_boxes": True}
    flags = "--device cpu --strategy systems --num_beams 4 --bar_weight 2 --ctc_weight 0.3 --no_grammar --max_length 9"
    assert run(monkeypatch, *words, *flags.split()) == 0
    expected = {
        "strategy": "systems",
        "num_beams": 4,
        "bar_weight": 2.0,
        "ctc_weight": 0.3,
        "grammar": False,
        "max_length": 9,
    }
    assert given.pop() == {"checkpoint": "x", "device": "cpu", "find_boxes": False, **expected}


def test_the_strategies_of_the_command_line_are_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    from jazzmus.utils.page_strategies import STRATEGIES

    for name in STRATEGIES:
        monkeypatch.setattr(sys, "argv", ["inference.py", "--image", "x", "--strategy", name])
        assert inference.parse_arguments().strategy == name


def test_a_missing_page_is_one_line(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    assert run(monkeypatch, "--checkpoint", weights, "--image", tmp_path / "gone.jpg") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert "gone.jpg" in captured.err


def test_a_page_is_read_alike_alone_and_in_a_batch(recognizer: Recognizer, pages: Path) -> None:
    images = [Image.open(pages / name).convert("L") for name in ("a.jpg", "b.png", "c.PNG")]
    together = recognizer.read_batch(images)
    for image, reading in zip(images, together, strict=True):
        alone = recognizer.read(image)
        assert (alone.kern, alone.stop_reason) == (reading.kern, reading.stop_reason)
        assert alone.confidence == pytest.approx(reading.confidence, abs=1e-5)
        assert 0 < alone.confidence < 1


def test_a_sure_reading_has_full_confidence(recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens of probability 1 count, padding after <eos> does not."""
    from jazzmus.model.decoding import DecodingOutput, Text

    ids = torch.tensor([[1, 4, 5, 2, 0, 0]])
    log_probs = torch.log(torch.tensor([[1.0, 1.0, 0.5, 1.0, 1.0, 1.0]]))
    text = Text(ids[0].tolist(), log_probs[0], "eos")
    monkeypatch.setattr(recognizer.model, "read", lambda *_: DecodingOutput(ids, log_probs, ("eos",), ((text,),)))
    reading = recognizer.read(Image.new("L", (64, 64), 255))
    assert reading.confidence == pytest.approx((1 + 0.5 + 1) / 3)


def test_weights_that_do_not_say_how_to_read(weights: Path, tmp_path: Path) -> None:
    shutil.copytree(weights, tmp_path / "silent")
    config = json.loads((weights / "config.json").read_text())
    for name in ("tokenizer", "page_transform"):
        (tmp_path / "silent" / "config.json").write_text(json.dumps(config | {name: None}))
        with pytest.raises(CheckpointError, match="silent: has no tokenizer or page transform"):
            load_recognizer(tmp_path / "silent")


def test_shipped_weights(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jazzmus.utils.inference_utils.SHIPPED_WEIGHTS", tmp_path / "tiny")
    with pytest.raises(CheckpointError, match="give --checkpoint"):
        shipped_weights()
    shutil.copytree(weights, tmp_path / "tiny")
    assert shipped_weights() == tmp_path / "tiny"
