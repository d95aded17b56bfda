"""The pages of PDF files as gray images, one at a time.

Knows nothing of which pages are wanted, nor of what is read from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pypdfium2
from PIL import Image
from pypdfium2.raw import FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY

from jazzmus.dataset.page_image import MIN_SIDE
from jazzmus.errors import DataError

# A page is read at 992 px wide and 1600 high, or less.
LONG_SIDE = 2000


def count_pages(file: Path) -> int:
    """How many pages a PDF has; none is drawn.

    Raises:
        DataError: It is locked, broken, empty, or cannot be opened.
    """
    with _document(file) as document:
        return len(document)


def draw_page(file: Path, index: int, name: str) -> Image.Image:
    """Draw one page on white paper.

    Args:
        file: The PDF; of the file, only what the page needs is held in memory.
        index: The page, from 0.
        name: What error messages call the page.

    Returns:
        An image of mode "L", its longer side `LONG_SIDE` pixels.

    Raises:
        DataError: It cannot be drawn, or is so narrow that nothing can be read.
    """
    with _document(file) as document:
        try:
            page = document[index]
            try:
                width, height = page.get_size()
                if not LONG_SIDE * min(width, height) >= MIN_SIDE * max(width, height) > 0:
                    raise DataError(f"{name}: a page of {width:g} by {height:g} points has no room for music")
                # Rounded up by the library, so that a little less keeps the longer side.
                bitmap = page.render(scale=(LONG_SIDE - 1e-3) / max(width, height), grayscale=True)
                try:
                    return bitmap.to_pil().convert("L").copy()
                finally:
                    bitmap.close()
            finally:
                page.close()
        except (pypdfium2.PdfiumError, ValueError, MemoryError) as error:
            raise DataError(f"{name}: cannot be drawn ({error}); save it as an image") from error


@contextmanager
def _document(file: Path) -> Iterator[pypdfium2.PdfDocument]:
    try:
        stream = file.open("rb")
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}); check the file and its permissions") from error
    with stream:
        try:
            document = pypdfium2.PdfDocument(stream)
        except pypdfium2.PdfiumError as error:
            if error.err_code in (FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY):
                raise DataError(f"{file}: is locked with a password; save it without one") from error
            raise DataError(f"{file}: not a PDF with pages, or a broken one; replace the file") from error
        except OSError as error:
            raise DataError(f"{file}: cannot be read ({error.strerror}); check the file and its permissions") from error
        try:
            yield document
        finally:
            document.close()
