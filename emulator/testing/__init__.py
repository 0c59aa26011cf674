"""For tests: a running emulator, a receiver of its callbacks, and what it received."""

from .received import Received, SignatureError
from .receiver import Receiver
from .server import Callbacks, Server, ServerFailedError, existing_server, running_server

__all__ = [
    "Callbacks",
    "Received",
    "Receiver",
    "Server",
    "ServerFailedError",
    "SignatureError",
    "existing_server",
    "running_server",
]
