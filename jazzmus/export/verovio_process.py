"""Engraves one document in a process of its own, as Verovio ends its process on some strange ones.

Reads Verovio's options and a MusicXML document as JSON from standard input and writes the pages as JSON to standard
output. Run as a file, so that it starts fast; knows nothing of the package.
"""

from __future__ import annotations

import json
import sys

import verovio


def engrave(options: dict[str, object], document: str) -> list[str]:
    """Return the pages of a document as SVG; none where it cannot be loaded."""
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions(options)
    if not toolkit.loadData(document):
        return []
    return [toolkit.renderToSVG(number) for number in range(1, toolkit.getPageCount() + 1)]


if __name__ == "__main__":
    json.dump(engrave(**json.load(sys.stdin)), sys.stdout)
