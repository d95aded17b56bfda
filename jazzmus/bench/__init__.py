"""What reading and training cost, measured: `python -m jazzmus.bench`."""
