"""`python -m vonage_video_emulator` is `vonage-video-emulator`; so is `python -m emulator` in a clone."""

from emulator.cli.start import main

if __name__ == "__main__":
    main()
