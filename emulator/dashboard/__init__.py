"""The live page at `/_emulator/`: its files, and how they are served.

The page is a client of the control API like any other. Its files are read when it is first opened.
"""
