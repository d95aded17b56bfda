"""Runs held against each other: `python -m jazzmus.compare`. Knows the files that runs leave, and no network."""
