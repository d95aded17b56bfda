"""From a MusicXML file, compressed or not, to the root of its score; files from strangers are expected.

Nothing is unpacked to disk, fetched, or expanded: sizes are bounded, entities and outside definitions are not followed.
Knows nothing of what stands in a score.
"""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from pathlib import Path

from lxml import etree

from jazzmus.errors import DataError

SUFFIXES = (".mxl", ".musicxml", ".xml")
MAX_FILE_BYTES = 20_000_000
MAX_SCORE_BYTES = 20_000_000
MAX_MEMBERS = 1000
_CONTAINER = "META-INF/container.xml"
# What the reader of archives raises on broken, encrypted and exotic ones.
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    OSError,
    EOFError,
    RuntimeError,
    LookupError,
    ValueError,
)


def read_score(path: Path) -> etree._Element:
    """Return the `score-partwise` root of a MusicXML file.

    Raises:
        DataError: The file cannot be read, is too large, is no well-formed XML, declares entities, or is no
            partwise score. The message is without the file's name.
    """
    content = read_bounded(path, MAX_FILE_BYTES)
    if content.startswith(b"PK"):
        content = _unpacked(content)
    root = _parsed(content)
    if root.tag == "score-timewise":
        raise DataError("a score by time (`score-timewise`); export it as `score-partwise`")
    if root.tag != "score-partwise":
        raise DataError(f"`<{str(root.tag)[:40]}>` is no MusicXML score; give a `score-partwise` file")
    return root


def read_bounded(path: Path, most: int) -> bytes:
    """Return the bytes of a file of at most `most` bytes.

    Raises:
        DataError: It is not a plain file, cannot be read, or is larger. The message is without the file's name.
    """
    if not path.is_file():
        raise DataError("no such file" if not path.exists() else "not a plain file; give a score")
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror}); check the file and its permissions") from error
    if len(content) > most:
        raise DataError(f"larger than {most // 1_000_000} MB; give one tune a file")
    return content


def _parsed(content: bytes) -> etree._Element:
    # Depth and text lengths are bounded by the library itself as long as `huge_tree` is off.
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        raise DataError(f"not well-formed XML ({reason}); export the score again") from error
    internal = root.getroottree().docinfo.internalDTD
    if internal is not None and next(internal.iterentities(), None) is not None:
        raise DataError("it declares XML entities, which no score needs; export the score again")
    return root


def _unpacked(content: bytes) -> bytes:
    """Return the score of a compressed file: the one its container names, else the first that lies there."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if len(names) > MAX_MEMBERS:
                raise DataError(f"an archive of {len(names)} files, the limit is {MAX_MEMBERS}; give one score a file")
            scores = sorted(
                name for name in names if name.endswith((".xml", ".musicxml")) and not name.startswith("META-INF/")
            )
            named = _rootfile(_member(archive, _CONTAINER)) if _CONTAINER in names else ""
            if named not in names and not scores:
                raise DataError("an archive without a score; export it again")
            return _member(archive, named if named in names else scores[0])
    except _ZIP_ERRORS as error:
        raise DataError(f"broken archive ({type(error).__name__}); export the score again") from error


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    # The size an archive states may be a lie.
    with archive.open(name) as file:
        content = file.read(MAX_SCORE_BYTES + 1)
    if len(content) > MAX_SCORE_BYTES:
        raise DataError(f"its score is larger than {MAX_SCORE_BYTES // 1_000_000} MB; give one tune a file")
    return content


def _rootfile(container: bytes) -> str:
    """Return the name of the score that a container states; empty where it is broken, as those of some programs are."""
    try:
        root = _parsed(container)
    except DataError:
        return ""
    return next((str(file.get("full-path", "")) for file in root.iter("{*}rootfile")), "")
