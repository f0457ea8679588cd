"""Dialogues: flows, the simulation of them, and what is checked and chosen of what they give."""
