"""What people look at: the page with its sections, tables and charts, and in figures/ the pictures.

Numbers and arrays come in, pages and pictures go out. Nothing is measured or decided here.
"""
