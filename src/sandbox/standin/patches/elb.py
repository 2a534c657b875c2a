"""What other services' patches call of Elastic Load Balancing: targets come and go.

The patches themselves lie in the ``elb_*`` modules beside this one.
"""

from .elb_targets import deregister_target, register_target

__all__ = ["deregister_target", "register_target"]
