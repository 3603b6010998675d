"""Images from a trained model: its folder read, latents and draws made, images laid out on a sheet.

Whoever samples needs neither the model's source nor its training. Nothing is trained or measured here.
"""
