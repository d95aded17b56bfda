from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from torch.utils.data import DataLoader, Dataset

from jazzmus.errors import CheckpointError, ConfigError, DataError, KernError
from jazzmus.logs import progress, run_script


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers[:]:
        root.removeHandler(handler)
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)


def raising(error: BaseException) -> Callable[[], int]:
    def main() -> int:
        raise error

    return main


@pytest.mark.parametrize(("value", "code"), [(0, 0), (None, 0), (2, 2), (3, 3)])
def test_the_exit_code_is_what_main_returned(value: int | None, code: int) -> None:
    assert run_script(lambda: value) == code


@pytest.mark.parametrize("kind", [ConfigError, DataError, KernError, CheckpointError])
def test_an_error_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str], kind: type[Exception]) -> None:
    assert run_script(raising(kind("page 3:\n  no text"))) == 2
    assert capsys.readouterr() == ("", "error: page 3: no text\n")


def test_ctrl_c_is_130_and_other_errors_are_not_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_script(raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "interrupted\n"
    with pytest.raises(ZeroDivisionError):
        run_script(raising(ZeroDivisionError()))


def test_log_lines_go_to_standard_error_with_level_and_name(capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> None:
        logging.getLogger("jazzmus.some.part").info("7 pages")
        logging.getLogger("httpx").info("GET")

    run_script(main)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.endswith("INFO jazzmus.some.part: 7 pages\n")
    assert printed.err.count("\n") == 1


class _Broken(Dataset[int]):
    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> int:
        raise DataError("a: b.jpg: no such image file")


def test_an_error_in_a_worker_process_is_still_one_short_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_script(lambda: next(iter(DataLoader(_Broken(), num_workers=1)))) == 2
    assert capsys.readouterr().err == "error: a: b.jpg: no such image file\n"


def test_progress_is_silent_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with progress() as bar:
        list(bar.track(range(3)))
    assert capsys.readouterr() == ("", "")
