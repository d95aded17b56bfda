"""Small PDF files, written by hand: pages of any size, locked ones, ones without pages."""

from __future__ import annotations

from collections.abc import Sequence

# Five black lines across a page of any size, and one note head.
STAFF = b"0 0 0 rg " + b" ".join(b"10 %d 80 1 re f" % height for height in range(60, 100, 8)) + b" 30 66 8 6 re f"
A_PAGE = (100.0, 120.0)
_LOCK = b"<</Filter/Standard/V 1/R 2/Length 40/P -4/O<%s>/U<%s>>>" % (b"6f" * 32, b"75" * 32)


def pdf(sizes: Sequence[tuple[float, float]] = (A_PAGE,), content: bytes = STAFF, locked: bool = False) -> bytes:
    """A PDF whose pages have the given sizes in points and all show the same content; `locked` asks for a password."""
    kids = b" ".join(b"%d 0 R" % (number + 3) for number in range(1, len(sizes) + 1))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(sizes), kids),
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(content), content),
        *(b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %f %f]/Contents 3 0 R>>" % size for size in sizes),
    ]
    trailer = b"/Root 1 0 R/Size %d" % (len(objects) + 1 + locked)
    if locked:
        objects.append(_LOCK)
        trailer += b"/Encrypt %d 0 R/ID[<61><61>]" % len(objects)
    file = b"%PDF-1.7\n"
    places = []
    for number, item in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return file + head + table + b"trailer\n<<%s>>\nstartxref\n%d\n%%%%EOF\n" % (trailer, len(file))
