"""A stand-in for AWS: moto, given time, refusals and running tasks.

moto keeps the state and speaks the protocols. This package wraps it in a small HTTP server
and patches its backends in process, so that resources take as long as they do on AWS (scaled),
and so that what AWS refuses is refused here. Where moto is right, moto answers.

``python -m standin --port 0 --speed 20 --ready-file F`` starts it; see ``__main__``.
"""

VERSION = "1"
DEFAULT_ACCOUNT = "123456789012"
