"""From datasets of pages to batches: preparation, page transform, sampling, collation."""
