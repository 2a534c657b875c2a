"""Other people's resources, many at once: an account as it is after years.

Made through AWS's own calls, so that whatever lists, pages or refuses does so because of them as it
would on AWS. Nothing of it runs: services want no task. Called without the lock, which each call takes
for itself, so that nobody else's calls wait for all of it.
"""

import json
from typing import Any, Callable, Dict, List

from .asking import Asking
from .world import world

# Longer than anything takes that is made here.
_SETTLED = 3600.0
_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
_CONTAINER = {"name": "kong", "image": "kong:3.9.3", "memory": 512, "essential": True}
_FAMILY = "aurora-postgresql16"


def fill(account: str, region: str, strangers: int, stacks: List[str]) -> None:
    """Make so many resources of no stack, and these other stacks."""
    from . import server

    ask, here = Asking(account, region), world(account)
    network = _Network(ask, "theirs", [{"Key": "team", "Value": "other"}])
    makers = _stranger_makers(ask, network)
    for number in range(strangers):
        makers[number % len(makers)](f"theirs-{number}")
    crowd = [_Stack(ask, region, name) for name in stacks]
    for begin in (_Stack.begin, _Stack.go_on):
        for stack in crowd:
            begin(stack)
        with server.LOCK:
            here.skip(_SETTLED)
            here.touch()
            here.advance()


class _Network:
    """A VPC with what a load balancer and a database need."""

    def __init__(self, ask: Asking, name: str, tags: List[Dict[str, str]]) -> None:
        self.ask, self._tags = ask, tags
        made = ask.one("ec2", "CreateVpc", CidrBlock="10.0.0.0/16", **self._spec("vpc", "network/vpc", name))
        self.vpc = made["Vpc"]["VpcId"]
        gateway = ask.one("ec2", "CreateInternetGateway", **self._spec("internet-gateway", "network/internet-gateway"))
        self.gateway = gateway["InternetGateway"]["InternetGatewayId"]
        ask.one("ec2", "AttachInternetGateway", InternetGatewayId=self.gateway, VpcId=self.vpc)
        region = ask.one("ec2", "DescribeAvailabilityZones")["AvailabilityZones"]
        self.subnets = [self._subnet(index, zone["ZoneName"]) for index, zone in enumerate(region[:2])]
        self.group = self.security_group(f"{name}-alb", "security/alb")
        table = ask.one(
            "ec2", "CreateRouteTable", VpcId=self.vpc, **self._spec("route-table", "network/public-route-table")
        )
        ask.one(
            "ec2", "CreateRoute", RouteTableId=table["RouteTable"]["RouteTableId"],
            DestinationCidrBlock="0.0.0.0/0", GatewayId=self.gateway,
        )  # fmt: skip

    def _spec(self, kind: str, address: str, name: str = "") -> Dict[str, Any]:
        tags = [*self._tags, {"Key": "kongstack:address", "Value": address}] if len(self._tags) > 1 else self._tags
        named = [{"Key": "Name", "Value": name}] if name else []
        return {"TagSpecifications": [{"ResourceType": kind, "Tags": [*tags, *named]}]}

    def _subnet(self, index: int, zone: str) -> str:
        made = self.ask.one(
            "ec2", "CreateSubnet", VpcId=self.vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=zone,
            **self._spec("subnet", f"network/public-subnet/{index + 1}"),
        )  # fmt: skip
        return str(made["Subnet"]["SubnetId"])

    def security_group(self, name: str, address: str) -> str:
        made = self.ask.one(
            "ec2", "CreateSecurityGroup", GroupName=name, Description="theirs", VpcId=self.vpc,
            **self._spec("security-group", address),
        )  # fmt: skip
        return str(made["GroupId"])

    def address(self) -> str:
        """An Elastic IP."""
        made = self.ask.one(
            "ec2", "AllocateAddress", Domain="vpc", **self._spec("elastic-ip", "network/elastic-ip/1")
        )
        return str(made["AllocationId"])

    def nat(self) -> None:
        """A NAT gateway with an address of its own."""
        self.ask.one(
            "ec2", "CreateNatGateway", SubnetId=self.subnets[0], AllocationId=self.address(),
            **self._spec("natgateway", "network/nat-gateway/1"),
        )  # fmt: skip

    def balancer(self, name: str, address: str = "ingress/load-balancer") -> str:
        """A load balancer; returns its ARN."""
        tags = [*self._tags, {"Key": "kongstack:address", "Value": address}] if len(self._tags) > 1 else self._tags
        made = self.ask.one(
            "elbv2", "CreateLoadBalancer", Name=name, Subnets=self.subnets, SecurityGroups=[self.group], Tags=tags
        )
        return str(made["LoadBalancers"][0]["LoadBalancerArn"])


def _stranger_makers(ask: Asking, network: _Network) -> List[Callable[[str], Any]]:
    """What other tools fill accounts with; each takes a name."""
    tags = [{"Key": "team", "Value": "other"}]
    low = [{"key": "team", "value": "other"}]
    return [
        lambda name: network.security_group(name, ""),
        lambda name: network.address(),
        lambda name: ask.one("ec2", "CreateRouteTable", VpcId=network.vpc),
        lambda name: ask.one("logs", "CreateLogGroup", logGroupName=f"/aws/lambda/{name}", tags={"team": "other"}),
        lambda name: ask.one("logs", "CreateLogGroup", logGroupName=f"/kongstack/{name}"),
        lambda name: ask.one("secretsmanager", "CreateSecret", Name=f"kongstack/{name}", SecretString="x", Tags=tags),
        lambda name: ask.one("iam", "CreateRole", RoleName=name, AssumeRolePolicyDocument=_TRUST, Tags=tags),
        lambda name: ask.one(
            "iam", "CreateRole", RoleName=f"{name}-k", Path="/kongstack/", AssumeRolePolicyDocument=_TRUST
        ),
        lambda name: ask.one(
            "elbv2", "CreateTargetGroup", Name=name, Protocol="HTTP", Port=80, VpcId=network.vpc, Tags=tags
        ),
        lambda name: ask.one("ecs", "CreateCluster", clusterName=name, tags=low),
        lambda name: ask.one(
            "ecs", "RegisterTaskDefinition", family=name, containerDefinitions=[_CONTAINER], tags=low
        ),
        lambda name: ask.one(
            "rds", "CreateDBClusterParameterGroup", DBClusterParameterGroupName=name,
            DBParameterGroupFamily=_FAMILY, Description="theirs", Tags=tags,
        ),
        lambda name: ask.one(
            "rds", "CreateDBSubnetGroup", DBSubnetGroupName=name, DBSubnetGroupDescription="theirs",
            SubnetIds=network.subnets, Tags=tags,
        ),
        lambda name: ask.one("route53", "CreateHostedZone", Name=f"{name}.example.org", CallerReference=name),
        lambda name: ask.one("servicediscovery", "CreateHttpNamespace", Name=name),
    ]  # fmt: skip


class _Stack:
    """Another stack of ours; its resources are called and tagged as a stack's are."""

    def __init__(self, ask: Asking, region: str, name: str) -> None:
        self.ask, self.region, self.name = ask, region, name
        # Tags tell upper from lower case; many names do not.
        self.called = name if name == name.lower() else f"{name.lower()}-case"
        self.network = _Network(ask, self.called, self._tags("network/vpc")[:2])

    def _tags(self, address: str) -> List[Dict[str, str]]:
        return [
            {"Key": "kongstack:stack", "Value": self.name},
            {"Key": "environment", "Value": "production"},
            {"Key": "kongstack:address", "Value": address},
        ]

    def _low(self, address: str) -> List[Dict[str, str]]:
        return [{"key": tag["Key"], "value": tag["Value"]} for tag in self._tags(address)]

    def begin(self) -> None:
        """What needs nothing, and what takes long."""
        ask, name = self.ask, self.called
        self.network.nat()
        for part in ("control-plane", "data-plane", "migrations"):
            tags = {tag["Key"]: tag["Value"] for tag in self._tags(f"logs/{part}")}
            ask.one("logs", "CreateLogGroup", logGroupName=f"/kongstack/{name}/{part}", tags=tags)
        for part in ("admin-key", "cluster-certificate"):
            secret = {"Name": f"kongstack/{name}/{part}", "SecretString": "theirs"}
            ask.one("secretsmanager", "CreateSecret", Tags=self._tags(f"secrets/{part}"), **secret)
        for part in ("execution", "cp", "dp"):
            role = f"{name}-{self.region}-{part}"
            ask.one(
                "iam", "CreateRole", RoleName=role, Path=f"/kongstack/{self.region}/{name}/",
                AssumeRolePolicyDocument=_TRUST, Tags=self._tags(f"identity/{part}-role"),
            )  # fmt: skip
        self.cluster = ask.one("ecs", "CreateCluster", clusterName=name, tags=self._low("compute/cluster"))
        self.balancer = self.network.balancer(f"{name}-alb"[-32:].strip("-"))
        group = ask.one(
            "elbv2", "CreateTargetGroup", Name=name[-32:].strip("-"), Protocol="HTTP", Port=8000, TargetType="ip",
            VpcId=self.network.vpc, Tags=self._tags("ingress/target-group"),
        )  # fmt: skip
        self.target = group["TargetGroups"][0]["TargetGroupArn"]
        ask.one(
            "servicediscovery", "CreatePrivateDnsNamespace", Name="kong.local", Vpc=self.network.vpc,
            Description=f"kongstack {self.name}", Tags=self._tags("discovery/namespace"),
        )  # fmt: skip
        self._database()

    def _database(self) -> None:
        ask, name = self.ask, f"{self.called}-db"
        ask.one(
            "rds", "CreateDBSubnetGroup", DBSubnetGroupName=name, DBSubnetGroupDescription="theirs",
            SubnetIds=self.network.subnets, Tags=self._tags("database/subnet-group"),
        )  # fmt: skip
        ask.one(
            "rds", "CreateDBClusterParameterGroup", DBClusterParameterGroupName=name, Description="theirs",
            DBParameterGroupFamily=_FAMILY, Tags=self._tags("database/parameter-group"),
        )  # fmt: skip
        ask.one(
            "rds", "CreateDBCluster", DBClusterIdentifier=name, Engine="aurora-postgresql", EngineVersion="16.8",
            MasterUsername="kong", ManageMasterUserPassword=True, DBSubnetGroupName=name,
            DBClusterParameterGroupName=name, VpcSecurityGroupIds=[self.network.group],
            ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 2},
            Tags=self._tags("database/cluster"),
        )  # fmt: skip

    def go_on(self) -> None:
        """What needs what has come to work meanwhile."""
        ask, name = self.ask, self.called
        ask.one(
            "rds", "CreateDBInstance", DBInstanceIdentifier=f"{name}-db-1", DBClusterIdentifier=f"{name}-db",
            Engine="aurora-postgresql", DBInstanceClass="db.serverless", Tags=self._tags("database/writer"),
        )  # fmt: skip
        listener = ask.one(
            "elbv2", "CreateListener", LoadBalancerArn=self.balancer, Protocol="HTTP", Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.target}],
            Tags=self._tags("ingress/listener/http"),
        )["Listeners"][0]  # fmt: skip
        ask.one(
            "elbv2", "CreateRule", ListenerArn=listener["ListenerArn"], Priority=1,
            Conditions=[{"Field": "path-pattern", "Values": ["/kong-admin*"]}],
            Actions=[{"Type": "forward", "TargetGroupArn": self.target}],
            Tags=self._tags("ingress/admin-rule/http/allow-1"),
        )  # fmt: skip
        definition = ask.one(
            "ecs", "RegisterTaskDefinition", family=f"{name}-dp", containerDefinitions=[_CONTAINER],
            requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="512", memory="1024",
            tags=self._low("data-plane/task-definition"),
        )["taskDefinition"]  # fmt: skip
        ask.one(
            "ecs", "CreateService", cluster=name, serviceName=f"{name}-dp", desiredCount=0,
            taskDefinition=definition["taskDefinitionArn"], launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": self.network.subnets}},
            tags=self._low("data-plane/service"),
        )  # fmt: skip
        resource = {"ServiceNamespace": "ecs", "ResourceId": f"service/{name}/{name}-dp"}
        ask.one(
            "application-autoscaling", "RegisterScalableTarget", ScalableDimension="ecs:service:DesiredCount",
            MinCapacity=0, MaxCapacity=3, **resource,
        )  # fmt: skip
