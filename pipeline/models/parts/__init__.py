"""What variants are built of: losses, and operations written for speed. A whole model does not belong here."""
