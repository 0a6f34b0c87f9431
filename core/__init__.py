"""What every app builds on: the clock, errors, due work, reasons, database helpers, reading of text and numbers."""
