//! Why policies allow what no run in the simulation shows to be needed.

/// Actions that no run in the simulation calls and no line of the program names, each with why it is needed.
pub(super) const WITHOUT_A_CALL: [(&str, &str); 25] = [
    (
        "elasticloadbalancing:SetWebACL",
        "WAF asks for it when a web ACL gets before a load balancer",
    ),
    (
        "iam:PassRole",
        "ECS asks for it when a task definition or a service names a role",
    ),
    (
        "iam:CreateServiceLinkedRole",
        "each service makes its own role when an account first uses it",
    ),
    ("iam:TagRole", "tags given when a role is created"),
    (
        "logs:CreateLogDelivery",
        "WAF asks for it when a web ACL begins to log",
    ),
    (
        "logs:DeleteLogDelivery",
        "WAF asks for it when a web ACL ends to log",
    ),
    (
        "logs:DescribeResourcePolicies",
        "WAF asks for it before it lets itself into a log group",
    ),
    (
        "logs:PutResourcePolicy",
        "WAF asks for it to let itself into a log group",
    ),
    ("logs:TagResource", "tags given when a log group is created"),
    (
        "secretsmanager:TagResource",
        "tags given when a secret is created",
    ),
    (
        "servicediscovery:TagResource",
        "tags given when a namespace or service is created",
    ),
    (
        "application-autoscaling:TagResource",
        "tags given when a target is registered",
    ),
    ("s3:TagResource", "tags given when a bucket is created"),
    (
        "s3:DeleteObjectVersion",
        "objects that were put while somebody had switched versioning on",
    ),
    ("logs:GetLogEvents", "the last lines of a task that failed"),
    (
        "servicequotas:GetServiceQuota",
        "what a quota is that has been reached",
    ),
    (
        "dynamodb:TagResource",
        "tags given when the table of leases is created",
    ),
    (
        "ec2:DescribeRegions",
        "Cloud Map asks for it when a private namespace is created",
    ),
    (
        "kms:CreateGrant",
        "RDS asks for it when it makes a database with a key",
    ),
    (
        "kms:Decrypt",
        "Secrets Manager asks for it when it gives out what is encrypted with a key",
    ),
    (
        "kms:Encrypt",
        "Secrets Manager asks for it when a secret gets another key",
    ),
    (
        "kms:GenerateDataKey",
        "Secrets Manager asks for it when it encrypts with a key",
    ),
    (
        "route53:AssociateVPCWithHostedZone",
        "EC2 and Cloud Map ask for it when a private zone gets its VPC",
    ),
    (
        "route53:CreateHostedZone",
        "Cloud Map asks for it when a private namespace is created",
    ),
    (
        "route53:DeleteHostedZone",
        "Cloud Map asks for it when a private namespace is deleted",
    ),
];

/// The same of what operating a stack takes.
pub(super) const TO_OPERATE: [(&str, &str); 3] = [
    (
        "logs:GetLogEvents",
        "the last lines of a control plane that does not wake",
    ),
    (
        "dynamodb:TagResource",
        "tags given when the table of leases is created",
    ),
    (
        "ssmmessages:OpenDataChannel",
        "the Session Manager plugin signs with it what it joins a session with",
    ),
];

/// What a plan calls only where an earlier run was cut short.
pub(super) const HALF_MADE: [(&str, &str); 9] = [
    (
        "kms:ListResourceTags",
        "a key that the tagging API does not know yet",
    ),
    (
        "wafv2:ListTagsForResource",
        "a web ACL that the tagging API does not know yet",
    ),
    (
        "wafv2:ListResourcesForWebACL",
        "a web ACL that the file does not ask for any more",
    ),
    (
        "cloudwatch:ListTagsForResource",
        "an alarm that the tagging API does not know yet",
    ),
    (
        "sns:ListTagsForResource",
        "a topic that the tagging API does not know yet",
    ),
    (
        "logs:DescribeLogStreams",
        "a log group of the stack's name without its tags, as a task that is ending leaves it",
    ),
    (
        "servicediscovery:GetNamespace",
        "a namespace that an operation names",
    ),
    (
        "servicediscovery:ListOperations",
        "a namespace that is still being made",
    ),
    (
        "route53:ListHostedZonesByVPC",
        "a namespace of the name that is not the stack's, in a VPC that is there already",
    ),
];
