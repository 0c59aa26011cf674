"""The server process: listening sockets, HTTP and HTTPS, start and end."""
