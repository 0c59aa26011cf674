"""Callbacks: their bodies, signatures and delivery."""
