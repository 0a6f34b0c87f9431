"""Simulate lead distribution: the same decisions as the engine, without writing a row."""
