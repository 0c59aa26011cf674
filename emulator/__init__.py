"""The face of the emulator: HTTP, TLS, authentication, control API, command line."""

__version__ = "0.1.0"
