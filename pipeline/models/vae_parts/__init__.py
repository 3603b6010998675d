"""What VAEs are built of. What GANs need too belongs to `parts`: an edit here trains all VAEs again.

A whole variant does not belong here.
"""
