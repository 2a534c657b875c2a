"""What other services' patches call of EC2: the network interfaces AWS keeps for them.

The patches themselves lie in the ``ec2_*`` modules beside this one.
"""

from .ec2_interfaces import attach_eni, release_eni

__all__ = ["attach_eni", "release_eni"]
