"""Real audio connectors: a WebSocket to the user's server for each, and the sound that goes over it.

Imported when the first one is asked for. The numbers in this room are sections of fidelity/audio-connector.md.
"""
