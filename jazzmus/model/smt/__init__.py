"""The network itself, written on transformers. Knows pixels and ids only."""
