"""A session as a plain Spark Connect server on loopback: ``emr-session proxy``, ``SessionProxy``.

``session_proxy`` is what programs see. Behind it ``server`` listens, ``relay`` passes bytes on,
``upstream`` knows the session and its token. Nothing here knows Spark Connect.
"""
