"""The public network around an account: names, addresses and ports that answer as a stack's do.

A client asks ``names`` for the addresses of a name and ``place`` where a port of an address can be
reached; ``ports`` listens there, on the loopback interface, and hands each request to whatever has
that address: ``balancer`` or ``node``. Loaded by the first such question, since few tests ask one.
"""
