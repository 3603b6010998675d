"""Scores sets of images that others made: reads them, measures them as this project's models are, writes a page.

It trains nothing. The metrics themselves belong to `evaluation`.
"""
