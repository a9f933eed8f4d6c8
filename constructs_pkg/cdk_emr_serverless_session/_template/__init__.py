"""How a session is written into the template."""
