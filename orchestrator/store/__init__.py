"""The SQL: functions that take a session, read or change rows, and never commit."""
