"""Kong itself, as far as a stack meets it: entities, the Admin API, hybrid mode, and the proxy.

``schema`` and ``plugins`` say what entities look like, ``store`` keeps them as the database does,
``declarative`` reads them from a file, ``admin`` is the API over them. ``clustering`` takes them to
data planes, where ``proxy`` serves them. Words and codes are Kong's 3.9, from its source.
"""
