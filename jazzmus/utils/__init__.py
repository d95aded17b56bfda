"""What scripts and notebooks use to read pages with a trained model."""
