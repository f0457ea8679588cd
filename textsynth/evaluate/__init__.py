"""Figures of a corpus: how varied it is."""
