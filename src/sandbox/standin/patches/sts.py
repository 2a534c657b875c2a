"""Who the caller is: an ordinary user, named so that nobody takes it for somebody."""

from typing import Any, Tuple

from moto.sts.models import STSBackend

from .wrapping import around


def install() -> None:
    """Change how moto names a caller whose key it did not make itself."""

    @around(STSBackend, "get_caller_identity")
    def _identity(
        original: Any, self: Any, access_key_id: str, region: str
    ) -> Tuple[str, str, str]:
        user_id, arn, account = original(self, access_key_id, region)
        if not arn.endswith(":user/moto"):
            return user_id, arn, account
        # moto's is an ARN of STS; users are IAM's.
        return "AIDASANDBOXEXAMPLE000", f"arn:{self.partition}:iam::{account}:user/sandbox", account
