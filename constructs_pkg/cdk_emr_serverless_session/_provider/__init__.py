"""What stands behind SessionProvider: function, permissions, asset."""
