"""A comparison as plain values for other programs. Computes nothing."""

from __future__ import annotations

from typing import Any

from jazzmus.compare.comparison import Comparison
from jazzmus.compare.curves import charts_of


def json_report(comparison: Comparison) -> dict[str, Any]:
    """All that a comparison found; the paths of runs and the counts of their pages stay out."""
    return {
        "runs": [run.name for run in comparison.runs],
        "pages": list(comparison.page_ids),
        "pages_left_out": comparison.left_out,
        "notes": list(comparison.notes),
        "scores": {
            name: {rate: score._asdict() for rate, score in scores.items()}
            for name, scores in comparison.scores.items()
        },
        "seed_groups": [
            {
                "name": group.name,
                "runs": list(group.members),
                "scores": {rate: {"mean": mean, "sd": sd} for rate, (mean, sd) in group.scores.items()},
            }
            for group in comparison.groups
        ],
        "differences": [test._asdict() | {"difference": test.difference._asdict()} for test in comparison.tests],
        "by_systems": {
            rate: [
                {"systems": label, "pages": pages, **dict(zip(comparison.scored, values, strict=True))}
                for label, pages, values in rows
            ]
            for rate, rows in comparison.by_systems.items()
        },
        "confusions": {
            kind: {name: dict(zip(comparison.scored, counts, strict=True)) for name, counts in rows}
            for kind, rows in comparison.confusions.items()
        },
        "worst_pages": [
            {"page_id": page_id, "systems": systems, "ser": dict(zip(comparison.scored, values, strict=True))}
            for page_id, systems, values in comparison.worst
        ],
        "curves": [
            {"title": chart.title, "against": chart.unit, "runs": {curve.run: curve.points for curve in chart.curves}}
            for chart in charts_of(comparison.runs)
        ],
        "cost": {run.name: dict(run.cost) for run in comparison.runs if run.cost},
        "config_differences": {
            name: dict(zip(comparison.configured, values, strict=True)) for name, values in comparison.differences
        },
    }
