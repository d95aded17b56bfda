"""Where things stand on a page: staves and systems, found in the pixels alone. Knows no text and no network."""
