"""Generated lead-sheet pages: kern text in, page image, text and system boxes out."""
