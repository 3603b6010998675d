"""The data set: where it comes from, and the checked arrays that all others read.

No model, metric or figure belongs here, and no other room opens a data set's own files.
"""
