"""The judges: classifiers in whose features the metrics live, and the control sets of known quality.

What is computed from their features is a metric and belongs to evaluation/metrics/.
"""
