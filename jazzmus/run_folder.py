"""The files of a run's folder, by name: what training writes and comparison reads."""

from __future__ import annotations

CONFIG_FILE = "operative_config.gin"  # every value used
COST_FILE = "cost.json"  # steps, time, memory and machine
METRICS_FILE = "metrics.csv"  # losses and scores by step
RECORD_FILE = "run.json"  # of a record: its name, the file of its results, and sums of what was read for what
RESULTS_FILE = "results.jsonl"  # edit counts of each validation page
SCORES_FILE = "scores.json"
TRANSFER_FILE = "transfer.json"  # what became of each tensor of the weights a run began with
VOCABULARY_FILE = "vocabulary.json"
