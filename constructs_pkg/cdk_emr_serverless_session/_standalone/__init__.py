"""The provider as a template of its own."""
