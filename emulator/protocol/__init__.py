"""HTTP/1.1 on a connection: what is read from it, what is refused, how it ends."""
