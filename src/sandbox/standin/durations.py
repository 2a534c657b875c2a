"""How long AWS takes, in seconds: one table, one representative figure each.

The figures come from published logs of provisioning tools; ranges are given beside them. What else
tasks need lies in ``durations_tasks``.
"""

from typing import Dict

DURATIONS: Dict[str, float] = {
    # EC2
    "nat_gateway_create": 105,  # 85-125
    "nat_gateway_delete": 50,  # 42-61
    "vpc_endpoint_interface_create": 60,  # a minute or two, three at worst
    "vpc_endpoint_gateway_create": 2,
    "vpc_endpoint_delete": 30,
    "endpoint_eni_linger": 15,  # interfaces go a little later than their endpoint
    # Elastic Load Balancing
    "load_balancer_create": 160,  # 141-187
    # A deleted load balancer is gone at once; its interfaces hold groups and subnets as long as this.
    "load_balancer_eni_linger": 150,
    "target_registration": 5,  # before the first health check of a new target
    # Aurora
    "db_cluster_create": 45,
    "db_cluster_modify": 30,
    "db_cluster_delete": 60,
    "db_cluster_stopping": 300,  # no published log; "several minutes" in the user guide
    "db_cluster_starting": 420,  # the same
    "db_instance_create": 380,
    "db_reader_create": 420,  # second instance up to 740
    "db_instance_modify": 60,
    "db_instance_delete": 590,
    "db_failover": 30,  # "typically within 30 seconds", where a reader is there to take over
    # Cloud Map
    "namespace_create": 60,  # up to 70
    "namespace_delete": 40,
    "service_registry_operation": 5,
    # Route 53: until a change is INSYNC
    "route53_change": 30,
    # ECS
    "task_start": 57,  # Fargate, a 413 MB image: 53-62
    # DynamoDB, an on-demand table without indexes
    "dynamodb_table_create": 8,  # 5-10
    "dynamodb_table_delete": 5,
    # WAF: until a new web ACL can be associated
    "waf_propagation": 5,
    # ACM: until a request shows its records, and from the records to the certificate (61-532)
    "acm_records": 5,
    "acm_validation": 180,
    # until it knows that a listener has let go of a certificate
    "acm_let_go": 20,
    # CloudWatch: until a new alarm has been looked at for the first time
    "alarm_evaluated": 90,
    # from what is counted to the alarm, and until its minute is over
    "alarm_rings": 60,
    "alarm_quiet": 240,
    # CloudWatch Logs: until an export task runs, and how long a small group's takes
    "export_pending": 5,
    "export_task": 30,
    # IAM: until a new role can be assumed by another service
    "role_propagation": 10,
}


def duration(name: str) -> float:
    """The real duration called ``name``; an unknown name is a programming error."""
    return DURATIONS[name]


def table() -> Dict[str, float]:
    """Every duration, with those that the tasks' own table adds."""
    merged = dict(DURATIONS)
    try:
        from . import durations_tasks
    except ImportError:
        return merged
    merged.update(durations_tasks.DURATIONS)
    return merged
