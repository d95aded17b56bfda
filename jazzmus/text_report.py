"""`python -m jazzmus.text_report`: what forms and tokenizers make of the texts of prepared folders.

The ledger of the normal form, chords lifted out of comments, notes that the written form does not bring back, and
tokens a page and a system. Knows texts only; opens no image.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean

from jazzmus.cli import OneLineParser
from jazzmus.dataset.full_page_dataset import Page, formed_text, read_pages
from jazzmus.dataset.manifest import TRAINING_SPLITS, read_manifest
from jazzmus.errors import DataError
from jazzmus.kern.codec import TextCodec
from jazzmus.kern.forms import FORMS, TextForm
from jazzmus.kern.normal_form import normalize, normalize_with_ledger
from jazzmus.kern.systems import system_range
from jazzmus.kern.tokenizer import TOKENIZERS, build_tokenizer
from jazzmus.kern.written import written_losses
from jazzmus.logs import run_script
from jazzmus.metrics.report import EXACT, page_result, score_counts


def ledger_report(pages: Sequence[Page]) -> list[str]:
    """Lines on what the normal form changes, rule by rule, and which chords it lifts."""
    changes: Counter[str] = Counter()
    texts: Counter[str] = Counter()
    lifts = []
    for page in pages:
        form = normalize_with_ledger(page.kern)
        counted = +form.ledger
        changes += counted
        texts.update(counted.keys())
        for word, chords in (("lifted", form.lifted), ("not lifted", form.not_lifted)):
            place = f"  {page.record.page_id}, line"
            lifts += [f"{place} {chord.line}: {word}: {chord.text} {chord.chord}".rstrip() for chord in chords]
    lines = [f"  {count} x {rule}, in {texts[rule]} texts" for rule, count in changes.most_common()]
    return ["normal form, changes by rule:", *lines, "chords in comments:", *lifts]


def loss_report(pages: Sequence[Page]) -> list[str]:
    """Lines on the notes that come back otherwise from the written form, in whole pages and in single systems."""
    lines = ["written form, notes that do not come back:"]
    for unit, texts in (("pages", [page.kern for page in pages]), ("systems", _systems(pages))):
        losses: Counter[str] = Counter()
        for text in texts:
            losses += written_losses(normalize(text))
        listed = ", ".join(f"{count} {reason}" for reason, count in losses.most_common()) or "none"
        lines.append(f"  {len(texts)} {unit}: {listed}")
    return lines


def token_report(training: Sequence[Page], validation: Sequence[Page]) -> list[str]:
    """A table of tokens a page and a system for every form and tokenizer."""
    lines = ["form     tokenizer  page mean/max  system mean/max  vocabulary  unseen in validation  not given back"]
    for form in FORMS.values():
        pages = [formed_text(form, page, page.kern) for page in training]
        systems = [form.apply(text) for text in _systems(training)]
        others = [formed_text(form, page, page.kern) for page in validation]
        for name in TOKENIZERS:
            codec = _codec(name, form, [*pages, *systems])
            by_page, by_system = ([len(codec.tokenizer.encode(text)) for text in texts] for texts in (pages, systems))
            unseen = sum(codec.vocabulary.unseen(codec.tokenizer.encode(text)).total() for text in others)
            changed = sum(codec.tokenizer.decode(codec.tokenizer.encode(text)) != text for text in pages)
            lines.append(
                f"{form.name:8} {name:10} {mean(by_page):6.0f}/{max(by_page):<6} {mean(by_system):8.1f}/"
                f"{max(by_system):<6} {len(codec.vocabulary):9}  {unseen:20}  {changed:14}"
            )
    return lines


def floor_report(validation: Sequence[Page]) -> list[str]:
    """Lines on how a perfect reading of the validation pages is scored, form by form."""
    lines = ["scores of a perfect reading of the validation pages, those that are not perfect:"]
    for form in FORMS.values() if validation else ():
        readings = [form.restore(formed_text(form, page, page.kern)) for page in validation]
        pairs = zip(validation, readings, strict=True)
        scores = score_counts([page_result("", page.kern, text, "eos", 0.0).counts for page, text in pairs])
        perfect = {name: 100.0 if name in EXACT else 0.0 for name in scores}
        listed = [f"{name} {score:.2f}" for name, score in scores.items() if score != perfect[name]]
        lines.append(f"  {form.name}: {', '.join(listed) or 'none'}")
    return lines


def _codec(tokenizer: str, form: TextForm, texts: Iterable[str]) -> TextCodec:
    vocabulary = build_tokenizer(tokenizer).vocabulary(dict.fromkeys(texts))
    return TextCodec.from_names(tokenizer, vocabulary.tokens, form.name)


def _systems(pages: Sequence[Page]) -> list[str]:
    return [system_range(page.kern, k, k + 1) for page in pages for k in range(page.num_systems)]


def _read(folders: Sequence[Path], splits: Sequence[str]) -> list[Page]:
    """Well-formed pages of the splits."""
    return [
        page
        for folder in folders
        for split in splits
        for page in read_pages(folder.name, folder, read_manifest(folder), split)
        if not page.text_problem
    ]


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = OneLineParser(
        prog="python -m jazzmus.text_report", description=__doc__.splitlines()[0], allow_abbrev=False
    )
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="DIR", help="folders of data_prep.py")
    return parser.parse_args()


def main() -> int:
    """Print the report of the training texts, and of validation texts where it says so."""
    args = parse_arguments()
    training, validation = _read(args.data, TRAINING_SPLITS), _read(args.data, ["val"])
    if not training:
        raise DataError(f"{', '.join(map(str, args.data))}: no well-formed training page; run data_prep.py first")
    reports = (ledger_report(training), loss_report(training), floor_report(validation))
    for lines in (*reports, token_report(training, validation)):
        sys.stdout.write("\n".join(lines) + "\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(run_script(main))
