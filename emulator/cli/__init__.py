"""The command line: `vonage-video-emulator serve`, `exec`, `env`, `token`, `scenarios`, `health`."""
