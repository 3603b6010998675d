"""Around `dvc repro`: all up to date, models side by side, studies, tiny settings, pruning, a rebuild to compare with.

It starts DVC and stages as commands. What a stage computes does not belong here, and no stage depends on this room.
"""
