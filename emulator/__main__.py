"""`python -m emulator` is `vonage-video-emulator`."""

from emulator.cli import main

if __name__ == "__main__":
    main()
