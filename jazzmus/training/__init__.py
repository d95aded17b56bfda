"""Wires data, model, curriculum and loggers into one experiment."""
