"""The text core: the JAZZMUS dialect of Humdrum as pure text. Knows no torch, no gin and no files."""
