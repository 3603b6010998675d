"""What models of both families are built of: dense nets, losses, and operations written for speed.

A whole model does not belong here.
"""
