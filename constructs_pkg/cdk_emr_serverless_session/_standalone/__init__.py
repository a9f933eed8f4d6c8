"""The provider as a stack of its own, without an app around it."""
