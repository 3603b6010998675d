"""All models next to each other: what the paper says, effects over seeds, and the verdicts on its claims.

What was measured of each model comes in, tables of numbers and words go out. No image, model or file is read here.
"""
