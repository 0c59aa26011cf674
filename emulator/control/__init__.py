"""The control API under `/_emulator`: what a test does to the world besides calling the service.

It speaks camelCase JSON and answers errors as `{"error": {"message", "field"?, "suggestion"?}}`.
"""
