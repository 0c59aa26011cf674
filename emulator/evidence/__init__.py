"""What the emulator is checked against: per operation and field, which source, which SDK, which test.

Made from one table of sources (`sources.yaml`), one of SDKs (`sdks.yaml`), and what the SDK suites were seen to call
(`driven.json`). Imported only when the page is asked for.
"""
