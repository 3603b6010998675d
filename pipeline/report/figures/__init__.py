"""The pictures: arrays in, a Matplotlib figure out. catalogue.py says which figures there are.

Drawing belongs here. What a figure says beside its data (a model's algorithm, the paper's numbers) comes from outside.
"""
