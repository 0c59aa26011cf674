"""Tokens: checking those of REST calls and of clients, and minting them."""
