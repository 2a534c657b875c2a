"""S3: buckets that begin private and encrypted, belong to one account, and are reached in their own region.

moto's buckets begin without any setting, forget the tags they are made with, are everybody's, keep
the tags and the name of one that is gone, and take any text for a policy.  Its answer about versions
cannot be read by SDKs that look at the name of its element.
"""

import json
import re
from typing import Any
from xml.etree import ElementTree

from moto.s3.exceptions import BucketAlreadyExists, MissingBucket, S3ClientError
from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend, s3_backends
from moto.s3.responses import S3Response

from ..patches.wrapping import around

_NAME = re.compile(r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
_ENCRYPTED = {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}}


def install() -> None:
    """Change moto's buckets."""

    @around(S3Backend, "create_bucket")
    def _create(original: Any, self: Any, bucket_name: str, *args: Any, **kwargs: Any) -> Any:
        if not _NAME.match(bucket_name) or ".." in bucket_name:
            raise S3ClientError("InvalidBucketName", "The specified bucket is not valid.")
        _forget_the_gone(bucket_name)
        bucket = original(self, bucket_name, *args, **kwargs)
        # What S3 gives every bucket since January and April of 2023.
        bucket.public_access_block = PublicAccessBlock(True, True, True, True)
        bucket.encryption = _ENCRYPTED
        bucket.ownership_rule = "BucketOwnerEnforced"
        return bucket

    @around(S3Backend, "delete_bucket")
    def _delete(original: Any, self: Any, bucket_name: str) -> Any:
        arn = self.get_bucket(bucket_name).arn
        gone = original(self, bucket_name)
        if gone:
            self.tagger.delete_all_tags_for_resource(arn)
        return gone

    @around(S3Backend, "get_bucket")
    def _get(original: Any, self: Any, bucket_name: str) -> Any:
        if bucket_name not in self.buckets and bucket_name not in self.table_buckets:
            _forget_the_gone(bucket_name)
            if bucket_name in s3_backends.bucket_accounts:
                raise _denied()
            raise MissingBucket(bucket=bucket_name)
        return original(self, bucket_name)

    @around(S3Backend, "put_bucket_policy")
    def _put_policy(original: Any, self: Any, bucket_name: str, policy: bytes) -> None:
        _check(policy, self.get_bucket(bucket_name).arn)
        original(self, bucket_name, policy)

    @around(FakeBucket, "get_permission")
    def _permission(original: Any, self: Any, action: str, resource: str) -> Any:
        # moto takes no notice of conditions: what is forbidden without TLS would be forbidden at all.
        from moto.iam.access_control import IAMPolicy, PermissionResult

        statements = json.loads(self.policy)["Statement"] if self.policy else []
        plain = [one for one in statements if "Condition" not in one]
        if not plain:
            return PermissionResult.NEUTRAL
        return IAMPolicy(json.dumps({"Statement": plain})).is_action_permitted(action, resource)

    @around(S3Response, "get_bucket_versioning")
    def _versioning(original: Any, self: Any) -> Any:
        # moto's name of the element is one that S3 does not have.
        status, headers, body = original(self)
        wrong, right = ("GetBucketVersioningResponse", "VersioningConfiguration")
        text = body.decode("utf-8") if isinstance(body, bytes) else body
        return status, headers, text.replace(wrong, right)

    @around(S3Response, "_bucket_response")
    def _respond(original: Any, self: Any, request: Any, full_url: str) -> Any:
        name = self.parse_bucket_name_from_url(request, full_url)
        there = self.backend.buckets.get(name)
        making = request.method == "PUT" and not request.args
        _check_place(there, self.region, request, making)
        if making and there is None:
            _forget_the_gone(name)
            if name in s3_backends.bucket_accounts:
                raise BucketAlreadyExists(bucket=name)
        answer = original(self, request, full_url)
        if making and there is None and name in self.backend.buckets:
            tags = _tags(self.body)
            if tags:
                self.backend.put_bucket_tagging(name, tags)
        return answer


def _denied() -> S3ClientError:
    # All that S3 says of what is another account's.
    return S3ClientError("AccessDenied", "Access Denied")


def _forget_the_gone(name: str) -> None:
    # moto's list of whose a name is outlives the account that is forgotten.
    owner = s3_backends.bucket_accounts.get(name)
    if owner is None:
        return
    partition, account = owner
    known = account in s3_backends.keys() and name in s3_backends[account][partition].buckets
    if not known:
        s3_backends.bucket_accounts.pop(name, None)


def _check_place(bucket: Any, region: str, request: Any, making: bool) -> None:
    if bucket is None:
        return
    expected = request.headers.get("x-amz-expected-bucket-owner")
    if expected and expected != bucket.account_id:
        raise _denied()
    if bucket.region_name != region and not making:
        raise S3ClientError(
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified endpoint.",
        )


def _tags(body: Any) -> dict:
    if not body:
        return {}
    tree = ElementTree.fromstring(body)
    found = {}
    for tag in (one for one in tree.iter() if one.tag.rpartition("}")[2] == "Tag"):
        parts = {part.tag.rpartition("}")[2]: part.text or "" for part in tag}
        found[parts["Key"]] = parts["Value"]
    return found


def _check(policy: bytes, arn: str) -> None:
    try:
        statements = json.loads(policy)["Statement"]
    except (ValueError, KeyError, TypeError) as wrong:
        raise S3ClientError("MalformedPolicy", "This policy contains invalid Json") from wrong
    for statement in statements if isinstance(statements, list) else [statements]:
        if "Principal" not in statement and "NotPrincipal" not in statement:
            raise S3ClientError("MalformedPolicy", "Missing required field Principal")
        named = statement.get("Resource", [])
        for resource in [named] if isinstance(named, str) else named:
            if resource != arn and not resource.startswith(f"{arn}/"):
                raise S3ClientError("MalformedPolicy", "Policy has invalid resource")
