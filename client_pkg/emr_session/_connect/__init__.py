"""``connect``, and a session's addresses."""
