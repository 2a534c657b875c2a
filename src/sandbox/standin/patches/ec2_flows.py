"""Flow logs: written as a role that can be assumed by now. moto takes any text for a role."""

from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.flow_logs import FlowLogsBackend

from .. import task_identity
from .wrapping import around


def install() -> None:
    """Change moto's flow logs."""

    @around(FlowLogsBackend, "create_flow_logs")
    def _create(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        arn = kwargs.get("deliver_logs_permission_arn")
        if arn and not task_identity.assumable(self.account_id, arn, "vpc-flow-logs.amazonaws.com"):
            raise EC2ClientError("InvalidParameter", f"Unable to assume given IAM role {arn}")
        return original(self, *args, **kwargs)
