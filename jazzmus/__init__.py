"""jazzmus: full-page recognition of handwritten jazz lead sheets (image -> Humdrum text).

Importing the package imports nothing heavy; each layer is imported where it is used.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("jazzmus")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0.0.0"
