"""Weights as a folder to pass on: nothing is lost, the card is that of the run, and the licence is never too free."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from model.networks import tiny_model
from PIL import Image
from safetensors.torch import load_file
from small_pages import SmallPage, write_pages

from jazzmus import publish
from jazzmus.config_text import config_bindings
from jazzmus.dataset.manifest import Manifest, read_manifest, write_manifest
from jazzmus.errors import CheckpointError, ConfigError, DataError
from jazzmus.kern.vocabulary import Vocabulary
from jazzmus.metrics.report import page_result, score_counts
from jazzmus.model.pretrained import CHECKPOINT_KEY, build_model, read_weights
from jazzmus.provenance import FREE, RESTRICTED, Source, licence_of, recorded_sources, started_from, training_sources
from jazzmus.utils.inference_utils import load_recognizer

ROOT = Path(__file__).resolve().parents[1]
TRANSFORM = {"width": 64, "max_height": 96, "trim_dark_border": False}
TOKENS = Vocabulary.build(
    [["\t", "\n", "=\t=\n", "*-\t*-\n", "**kern\t**mxhm\n", "4", "c", "\t.\n", "\tC", ":maj7"]]
).tokens
GENERATED = """
FullPageDataModule.data_path = {{}}
FullPageDataModule.generated = @GeneratedPages()
FullPageTrainer.load_pretrained = False
GeneratedPages.content = {content}
"""


def write_run(folder: Path, config_text: str, seed: int = 1, **more: Any) -> Path:
    """A run's folder with the weights of a tiny network, its scores and its cost."""
    folder.mkdir(parents=True)
    model = tiny_model(seed, tokens=list(TOKENS), vocab_size=len(TOKENS), tokenizer="compact", page_transform=TRANSFORM)
    state = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    extras = {"config": model.config.to_dict(), "operative_config": config_text, **more}
    torch.save({"state_dict": state, CHECKPOINT_KEY: extras}, folder / "best.ckpt")
    torch.save({"state_dict": state, CHECKPOINT_KEY: extras}, folder / "last.ckpt")
    (folder / "scores.json").write_text(json.dumps({"ser": 12.345, "cer": 6.0}))
    (folder / "results.jsonl").write_text("{}\n{}\n{}\n")
    cost = {"steps": 40, "training_seconds": 1800.0, "command": "python train_full_page.py --config it.gin"}
    (folder / "cost.json").write_text(json.dumps(cost))
    return folder


@pytest.fixture
def run(tmp_path: Path, small_data: Path) -> Path:
    lines = f"FullPageDataModule.data_path = {str(small_data)!r}\nFullPageTrainer.load_pretrained = False\n"
    return write_run(tmp_path / "weights" / "tried", lines)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["publish", *map(str, arguments)])
        return publish.main()

    return call


def test_a_published_folder_reads_as_the_checkpoint_does(run: Path, command: Callable[..., int]) -> None:
    assert command("--run", run, "--output", "weights/tiny") == 0
    folder = Path("weights/tiny")
    assert {path.name for path in folder.iterdir()} == {"README.md", "SHA256SUMS", "config.json", "model.safetensors"}
    wanted, read = read_weights(run / "best.ckpt"), read_weights(folder)
    assert wanted.tensors.keys() == read.tensors.keys()
    assert all(torch.equal(tensor, read.tensors[name]) for name, tensor in wanted.tensors.items())
    page = Image.effect_noise((80, 100), 60)
    texts = [load_recognizer(source, max_length=60).read(page).kern for source in (run / "best.ckpt", folder)]
    assert texts[0] == texts[1] != ""
    assert sorted(path.name for path in Path("weights").iterdir()) == ["tiny", "tried"]


def test_the_config_says_what_is_a_default_today(run: Path, command: Callable[..., int]) -> None:
    command("--run", run, "--output", "out")
    stored = json.loads(Path("out/config.json").read_text())
    assert {"norm_first", "scale_attention", "output_relu", "unit", "encoder", "dropout"} <= stored.keys()


def test_how_they_read_best_goes_with_the_weights(run: Path, command: Callable[..., int]) -> None:
    settings = ("strategy=systems", "num_beams=4", "bar_weight=0.5")
    assert command("--run", run, "--output", "weights/tiny", "--reading", *settings) == 0
    assert read_weights("weights/tiny").config.reading == {"strategy": "systems", "num_beams": 4, "bar_weight": 0.5}
    assert "with `strategy` systems, `num_beams` 4, `bar_weight` 0.5." in Path("weights/tiny/README.md").read_text()
    for setting, problem in (("strategy=lines", "no strategy 'lines'"), ("ctc_weight=0.3", "needs single systems")):
        with pytest.raises(ConfigError, match=problem):
            command("--run", run, "--output", "weights/other", "--reading", setting)
        assert sorted(path.name for path in Path("weights").iterdir()) == ["tiny", "tried"]


def test_scores_may_be_those_of_the_published_way_of_reading(run: Path, command: Callable[..., int]) -> None:
    kern = "**kern\t**mxhm\n*clefG2\t*\n=\t=\n4c\tC\n4d\t.\n*-\t*-\n"
    read = [page_result("a", kern, kern, "eos", 1.0), page_result("b", kern, kern.replace("4d", "4e"), "eos", 1.0)]
    Path("read.jsonl").write_text("".join(result.to_json(with_texts=False) + "\n" for result in read))
    arguments = ("--results", "read.jsonl", "--reading", "strategy=systems", "num_beams=4")
    assert command("--run", run, "--output", "weights/tiny", *arguments) == 0
    card = Path("weights/tiny/README.md").read_text()
    assert "2 pages of the split `val`" in card
    assert "read by `strategy` systems, `num_beams` 4 with the grammar" in card
    errors = score_counts([result.counts for result in read])["ser"]
    assert f"| ser | {errors:.2f} | 0.00 to {2 * errors:.2f} |" in card
    Path("read.jsonl").write_text("")
    with pytest.raises(DataError, match=r"read.jsonl: has no results"):
        command("--run", run, "--output", "weights/other", *arguments)


def test_checksums_are_those_of_the_files(run: Path, command: Callable[..., int]) -> None:
    command("--run", run, "--output", "out")
    lines = [line.split("  ") for line in Path("out/SHA256SUMS").read_text().splitlines()]
    assert [name for _, name in lines] == ["README.md", "config.json", "model.safetensors"]
    for digest, name in lines:
        assert hashlib.sha256((Path("out") / name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_short_numbers_are_read_back_as_long_ones(run: Path, command: Callable[..., int], dtype: str) -> None:
    command("--run", run, "--output", "out", "--dtype", dtype)
    stored = load_file("out/model.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {getattr(torch, dtype)}
    read, wanted = read_weights("out"), read_weights(run / "best.ckpt")
    for name, tensor in wanted.tensors.items():
        assert read.tensors[name].dtype == torch.float32
        assert torch.equal(read.tensors[name], tensor.to(getattr(torch, dtype)).float())
    assert next(load_recognizer("out").model.parameters()).dtype == torch.float32


def publish_in_parts(run: Path, output: Path) -> list[Path]:
    """Publish weights so that no file has more than 20 kB."""
    build_model(read_weights(run / "best.ckpt")).save_pretrained(output, max_shard_size="20KB")
    return sorted(output.glob("model-*.safetensors"))


def test_weights_in_parts_are_read_whole(run: Path, tmp_path: Path) -> None:
    parts = publish_in_parts(run, tmp_path / "parts")
    assert len(parts) > 3
    read, wanted = read_weights(tmp_path / "parts"), read_weights(run / "best.ckpt")
    assert all(torch.equal(tensor, read.tensors[name]) for name, tensor in wanted.tensors.items())
    parts[1].unlink()
    with pytest.raises(CheckpointError, match=parts[1].name):
        read_weights(tmp_path / "parts")


def test_an_index_that_lies_is_refused(run: Path, tmp_path: Path) -> None:
    publish_in_parts(run, tmp_path / "parts")
    index = tmp_path / "parts" / "model.safetensors.index.json"
    values = json.loads(index.read_text())
    name = sorted(values["weight_map"])[0]
    for wrong, message in (("../secret.safetensors", "no file of the folder"), (None, f"disagree on {name}")):
        changed = dict(values["weight_map"])
        if wrong is None:
            del changed[name]
        else:
            changed[name] = wrong
        index.write_text(json.dumps({"weight_map": changed}))
        with pytest.raises(CheckpointError, match=message):
            read_weights(tmp_path / "parts")


def test_the_card_is_written_from_the_run(run: Path, command: Callable[..., int]) -> None:
    command("--run", run, "--output", "weights/tiny")
    card = Path("weights/tiny/README.md").read_text()
    assert card.startswith("---\nlicense: cc-by-nc-4.0\n")
    assert card.count("\n---\n") == 1
    for part in (
        "# tiny", "- `handwritten`: 6 pages of prepared data, protocol `clean`", "| ser | 12.35 |",
        "Optimizer steps: 40", "Hours of training: 0.50", "python train_full_page.py --config it.gin",
        "3 pages of the split `val`",
        "inference.py --checkpoint", "from random weights", "CC-BY-NC-4.0",
    ):  # fmt: skip
        assert part in card, part
    assert str(run.parent) not in card


def test_scores_are_those_of_the_best_weights_only(run: Path, command: Callable[..., int]) -> None:
    command("--run", run, "--output", "out", "--checkpoint", "last.ckpt")
    assert "None were recorded for these weights." in Path("out/README.md").read_text()


def test_what_is_there_is_not_replaced_unasked(run: Path, command: Callable[..., int]) -> None:
    command("--run", run, "--output", "out")
    before = Path("out/model.safetensors").read_bytes()
    with pytest.raises(DataError, match="--force"):
        command("--run", run, "--output", "out")
    assert command("--run", run, "--output", "out", "--force", "--dtype", "float16") == 0
    assert len(Path("out/model.safetensors").read_bytes()) < len(before)
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("mine")
    with pytest.raises(DataError, match="no folder that this command wrote"):
        command("--run", run, "--output", "mine", "--force")
    assert Path("mine/notes.txt").read_text() == "mine"


def test_a_run_without_weights_leaves_nothing(tmp_path: Path, command: Callable[..., int]) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CheckpointError, match=r"best\.ckpt"):
        command("--run", tmp_path / "empty", "--output", "out")
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("content", "given", "licence"),
    [
        ("{'procedural': 1.0}", None, FREE),
        ("None", None, FREE),
        ("{'procedural': 0.5, 'recombined': 0.5}", None, RESTRICTED),
        ("{'procedural': 0.5, 'tunes': 0.5}", FREE, FREE),
        ("{'procedural': 0.5, 'tunes': 0.5}", RESTRICTED, RESTRICTED),
        ("{'procedural': 1.0, 'recombined': 0.0}", None, FREE),
        ("{'something new': 1.0}", None, RESTRICTED),
        ("%share", None, RESTRICTED),
    ],
)
def test_the_licence_follows_what_was_drawn(content: str, given: str | None, licence: str) -> None:
    assert licence_of(training_sources(config_bindings(GENERATED.format(content=content))), given) == licence


def test_a_licence_that_the_pages_do_not_allow_is_refused(small_data: Path) -> None:
    pages = training_sources({"FullPageDataModule.data_path": repr(str(small_data))})
    assert licence_of(pages, None) == RESTRICTED
    with pytest.raises(DataError, match="--license mit"):
        licence_of(pages, "mit")
    tunes = training_sources(config_bindings(GENERATED.format(content="{'tunes': 1.0}")))
    with pytest.raises(DataError, match="give --license"):
        licence_of(tunes, None)


@pytest.mark.parametrize(
    ("content", "said", "licence"),
    [
        (("procedural",), "made up", FREE),
        (("procedural", "tunes"), "made up, tunes of the trainer's own", None),
        (("procedural", "recombined"), "made up, recombined training texts", RESTRICTED),
        (("something new",), "something new", RESTRICTED),
        ((), "of what is not recorded", None),  # an older folder
    ],
)
def test_the_licence_follows_what_a_folder_is_made_of(
    tmp_path: Path, content: tuple[str, ...], said: str, licence: str | None
) -> None:
    folder = write_pages(tmp_path / "made", [SmallPage("a-1", "train", "a", 1)])
    pages = read_manifest(folder).pages
    write_manifest(folder, Manifest("made", "jazzmus.synthesis", "x", "clean", pages, (), content))
    sources = training_sources({"FullPageDataModule.data_path": repr(str(folder))})
    assert [(source.text, source.licence) for source in sources] == [(f"`made`: 1 generated pages, {said}", licence)]
    if licence == RESTRICTED:
        with pytest.raises(DataError, match="--license mit"):
            licence_of(sources, FREE)
    else:
        assert licence_of(sources, FREE) == FREE


@pytest.mark.parametrize(
    "config_text",
    [
        "FullPageTrainer.load_pretrained = False\n",
        "FullPageDataModule.data_path = %folders\n",
        GENERATED.format(content="None").replace("data_path = {}", "data_path = %folders"),
        GENERATED.format(content="None").replace("@Gen", "@mine/Gen"),
    ],
    ids=["none", "unread", "unread beside generated", "generated by other bindings"],
)
def test_pages_that_are_not_recorded_are_restricted(config_text: str) -> None:
    sources = training_sources(config_bindings(config_text))
    assert licence_of(sources, None) == RESTRICTED
    with pytest.raises(DataError, match="--license mit"):
        licence_of(sources, FREE)
    assert licence_of([], None) == RESTRICTED


def test_a_licence_that_the_card_does_not_know_is_refused(
    run: Path, command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command("--run", run, "--output", "out", "--license", "foo-bar")
    assert "cc-by-nc-4.0" in capsys.readouterr().err


def test_pages_that_have_changed_since_are_told(tmp_path: Path, command: Callable[..., int]) -> None:
    data = write_pages(tmp_path / "real", [SmallPage("a-1", "train", "a", 1), SmallPage("b-1", "val", "b", 1)])
    trained_on = f"real:{read_manifest(data).fingerprint}"
    lines = f"FullPageDataModule.data_path = {str(data)!r}\nFullPageTrainer.load_pretrained = False\n"
    run = write_run(tmp_path / "run", lines, split_fingerprint=trained_on)
    command("--run", run, "--output", "before")
    assert "changed since" not in Path("before/README.md").read_text()
    pages = read_manifest(data).pages
    write_manifest(data, Manifest("real", "jazzmus.synthesis", "x", "clean", pages[:1], (), ("procedural",)))
    command("--run", run, "--output", "after")
    card = Path("after/README.md").read_text()
    assert card.startswith("---\nlicense: cc-by-nc-4.0\n")
    assert "- the data has changed since; what stands here is what is there now" in card
    assert "protocol `clean` (the data has changed since); read" in card


def test_what_a_checkpoint_recorded_stands_above_what_is_there_now(
    tmp_path: Path, small_data: Path, command: Callable[..., int]
) -> None:
    lines = f"FullPageDataModule.data_path = {str(small_data)!r}\n"
    recorded = [Source("`old`: 3 generated pages, made up", FREE)._asdict()]
    start = write_run(tmp_path / "start", lines, sources=recorded)
    command("--run", start, "--output", "out")
    card = Path("out/README.md").read_text()
    assert card.startswith("---\nlicense: mit\n")
    assert "Pages:\n\n- `old`: 3 generated pages, made up\n\n" in card
    on = GENERATED.format(content="None").replace("load_pretrained = False", "load_pretrained = True")
    later = training_sources(config_bindings(f"{on}FullPageTrainer.pretrained = {str(start / 'best.ckpt')!r}\n"))
    assert later[-1] == Source("before: `old`: 3 generated pages, made up", FREE)


def test_the_card_has_no_path_of_the_machine(run: Path, command: Callable[..., int], tmp_path: Path) -> None:
    cost = {"command": "python train_full_page.py --config /home/me/it.gin --resume ../../home/me/last.ckpt"}
    (run / "cost.json").write_text(json.dumps(cost))
    command("--run", run, "--output", "out")
    card = Path("out/README.md").read_text()
    assert "Command: `python train_full_page.py --config it.gin --resume last.ckpt`" in card
    bindings = {"FullPageTrainer.load_pretrained": "True", "FullPageTrainer.pretrained": "'../../home/me/last.ckpt'"}
    assert started_from(bindings) == "last.ckpt"


def test_weights_that_cannot_take_the_place_leave_the_earlier_ones(
    run: Path, command: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    command("--run", run, "--output", "out")
    before, rename = Path("out/SHA256SUMS").read_text(), Path.rename

    def fails_at_the_second(path: Path, target: Path) -> Path:
        if path.suffix == ".tmp" and path.is_dir():
            raise OSError(28, "no space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fails_at_the_second)
    with pytest.raises(DataError, match="no space left"):
        command("--run", run, "--output", "out", "--force", "--dtype", "float16")
    assert Path("out/SHA256SUMS").read_text() == before
    assert not list(Path().glob(".out.*"))


def test_a_run_with_a_broken_file_says_which(run: Path, command: Callable[..., int]) -> None:
    (run / "scores.json").write_text("{")
    with pytest.raises(DataError, match=r"scores\.json: is no JSON"):
        command("--run", run, "--output", "out")


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no checkout")
def test_published_folders_can_be_committed_and_runs_cannot() -> None:
    files = (
        "tiny/README.md", "tiny_open/SHA256SUMS", "base/config.json", "base/model.safetensors.index.json",
        "base/model-00001-of-00003.safetensors", "wip/system_level.ckpt",
        "tiny/best.ckpt", "base/metrics.csv", "demo/README.md", "demo/model.safetensors", "best.ckpt",
    )  # fmt: skip
    paths = [f"weights/{name}" for name in files]
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", *paths], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == paths[6:]


def test_a_data_set_of_the_hub_is_named(tmp_path: Path) -> None:
    folder = write_pages(tmp_path / "real", [SmallPage("a-1", "train", "a", 1), SmallPage("b-1", "val", "b", 1)])
    pages = read_manifest(folder).pages
    write_manifest(folder, Manifest("real", "PRAIG/JAZZMUS", "abc", "published", pages, ()))
    (source,) = training_sources({"FullPageDataModule.data_path": repr({"one": str(folder)})})
    assert source.dataset == "PRAIG/JAZZMUS"
    assert source.text == "`real`: 1 pages of PRAIG/JAZZMUS, protocol `published`, revision abc"


def test_the_licence_of_earlier_weights_stays(tmp_path: Path, small_data: Path) -> None:
    own = GENERATED.format(content="{'procedural': 1.0}")
    restricted = write_run(tmp_path / "first", f"FullPageDataModule.data_path = {str(small_data)!r}\n")
    free = write_run(tmp_path / "second", own)

    def started(source: str) -> dict[str, str]:
        text = own.replace(
            "load_pretrained = False", f"load_pretrained = True\nFullPageTrainer.pretrained = {source!r}"
        )
        return config_bindings(text)

    assert licence_of(training_sources(started(str(free / "best.ckpt"))), None) == FREE
    for source in (str(restricted / "best.ckpt"), "someone/weights", str(tmp_path / "gone.ckpt")):
        assert licence_of(training_sources(started(source)), None) == RESTRICTED


def test_a_run_that_says_nothing_of_itself_is_restricted() -> None:
    assert licence_of(training_sources({}), None) == RESTRICTED


def test_sources_of_older_checkpoints_are_named_once_each() -> None:
    pages, old = "`h`: 3 pages of prepared data", "`old`: 3 generated pages, made up"
    recorded = [Source(pages, RESTRICTED)]
    for depth in range(1, 4):
        start = "".join(f"before, for `{name}.ckpt`: " for name in "abc"[:depth])
        recorded += [Source(start + pages, RESTRICTED), Source(start + old, FREE)]
    found = recorded_sources({"sources": [source._asdict() for source in recorded]})
    assert found == [Source(pages, RESTRICTED), Source(f"before: {old}", FREE)]
