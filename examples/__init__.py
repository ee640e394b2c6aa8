"""Programs that ask a running Toolchord, each in one short file."""
