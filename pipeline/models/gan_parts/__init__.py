"""What GANs are built of. What VAEs need too belongs to `parts`: an edit here trains all GANs again.

A whole variant does not belong here.
"""
