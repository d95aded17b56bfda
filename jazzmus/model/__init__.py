"""The Sheet Music Transformer, its weights, its decoding and its training module."""
