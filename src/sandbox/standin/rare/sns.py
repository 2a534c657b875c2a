"""SNS: subscriptions by mail that somebody has to confirm, topics that are what they were made as.

moto takes every subscription for confirmed, lets any be deleted, and makes a topic a second time
whatever its tags are.
"""

from typing import Any, Dict, Optional, Tuple

from moto.core.exceptions import ServiceException
from moto.sns.models import SNSBackend
from moto.sns.responses import SNSResponse

from ..patches.wrapping import around
from ..world import world

_PENDING = "PendingConfirmation"
# An unconfirmed subscription is forgotten after two days.
_PATIENCE = 48 * 3600.0


class InvalidParameter(ServiceException):
    """A request that SNS does not take."""

    code = "InvalidParameter"


def install() -> None:
    """Change moto's topics and subscriptions."""

    @around(SNSBackend, "create_topic")
    def _create(original: Any, self: Any, name: str, attributes: Optional[Dict[str, str]] = None,
                tags: Optional[Dict[str, str]] = None) -> Any:  # fmt: skip
        there = next((topic for topic in self.topics.values() if topic.name == name), None)
        if there is not None and tags and dict(there._tags) != dict(tags):
            raise InvalidParameter("Invalid parameter: Tags Reason: Topic already exists with different tags")
        return original(self, name, attributes, tags)

    @around(SNSBackend, "subscribe")
    def _subscribe(original: Any, self: Any, topic_arn: str, endpoint: str, protocol: str) -> Any:
        made = original(self, topic_arn, endpoint, protocol)
        if protocol in ("email", "email-json") and not hasattr(made, "standin_arn"):
            # A mail goes out, and whoever reads it follows its link, or does not.
            made.standin_arn, made.arn, made.confirmed = made.arn, _PENDING, False
            world(self.account_id).after(_PATIENCE, lambda: _forget(self, made))
        return made

    @around(SNSBackend, "unsubscribe")
    def _unsubscribe(original: Any, self: Any, subscription_arn: str) -> None:
        found = self.subscriptions.get(subscription_arn)
        if found is not None and found.arn == _PENDING:
            raise InvalidParameter("Invalid parameter: SubscriptionArn Reason: subscription is pending confirmation")
        if not subscription_arn.startswith("arn:"):
            raise InvalidParameter(f"Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not {len(subscription_arn.split(':'))}")
        original(self, subscription_arn)

    @around(SNSBackend, "list_subscriptions_by_topic")
    def _list(original: Any, self: Any, topic_arn: str, next_token: Optional[str] = None) -> Tuple[Any, Any]:
        # moto keys them by their ARN, and all that are pending have the same.
        topic = self.get_topic(topic_arn)
        everything = {str(n): one for n, one in enumerate(self._get_topic_subscriptions(topic))}
        found: Tuple[Any, Any] = self._get_values_nexttoken(everything, next_token)
        return found

    @around(SNSResponse, "get_topic_attributes")
    def _attributes(original: Any, self: Any) -> Any:
        answer = original(self)
        shown = answer.result["Attributes"]
        # Without one AWS leaves these out.
        for name in ("DeliveryPolicy", "DisplayName"):
            if not shown.get(name):
                shown.pop(name, None)
        return answer


def confirm(subscription: Any) -> None:
    """Follow the link in the mail."""
    subscription.arn, subscription.confirmed = subscription.standin_arn, True


def _forget(backend: Any, subscription: Any) -> None:
    if subscription.arn == _PENDING:
        backend.subscriptions.pop(subscription.standin_arn, None)
