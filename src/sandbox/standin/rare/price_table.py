"""On-demand prices in US dollars, as AWS's public pages have them, for two regions.

Enough to multiply with: the newest price is on AWS's own pages, and nothing here is a promise.
"""

from typing import Dict, List, NamedTuple, Tuple

# Region -> its name in the price list, and what its usage types begin with.
REGIONS: Dict[str, Tuple[str, str]] = {
    "us-east-1": ("US East (N. Virginia)", ""),
    "eu-west-1": ("EU (Ireland)", "EU-"),
}


class Product(NamedTuple):
    """One thing that is charged for."""

    family: str
    usage: str
    unit: str
    prices: Dict[str, str]
    attributes: Dict[str, str] = {}


def _both(virginia: str, ireland: str) -> Dict[str, str]:
    return {"us-east-1": virginia, "eu-west-1": ireland}


PRODUCTS: Dict[str, List[Product]] = {
    "AmazonECS": [
        Product("Compute", "Fargate-vCPU-Hours:perCPU", "hours", _both("0.04048", "0.04048"), {"cputype": "perCPU"}),
        Product("Compute", "Fargate-GB-Hours", "hours", _both("0.004445", "0.004445"), {"memorytype": "perGB"}),
        Product(
            "Compute", "Fargate-ARM-vCPU-Hours:perCPU", "hours", _both("0.03238", "0.03238"),
            {"cputype": "perCPU", "cpuArchitecture": "ARM"},
        ),
        Product(
            "Compute", "Fargate-ARM-GB-Hours", "hours", _both("0.00356", "0.00356"),
            {"memorytype": "perGB", "cpuArchitecture": "ARM"},
        ),
    ],
    "AmazonRDS": [
        Product(
            "ServerlessV2", "Aurora:ServerlessV2Usage", "ACU-Hr", _both("0.12", "0.14"),
            {"databaseEngine": "Aurora PostgreSQL"},
        ),
        Product(
            "Database Storage", "Aurora:StorageUsage", "GB-Mo", _both("0.10", "0.11"),
            {"databaseEngine": "Any", "volumeType": "General Purpose-Aurora"},
        ),
        Product(
            "System Operation", "Aurora:StorageIOUsage", "IOs", _both("0.0000002", "0.00000022"),
            {"databaseEngine": "Any"},
        ),
    ],
    "AmazonEC2": [
        Product("NAT Gateway", "NatGateway-Hours", "Hrs", _both("0.045", "0.048"), {"operation": "NatGateway"}),
        Product("NAT Gateway", "NatGateway-Bytes", "GB", _both("0.045", "0.048"), {"operation": "NatGateway"}),
    ],
    "AmazonVPC": [
        Product("VpcEndpoint", "VpcEndpoint-Hours", "Hrs", _both("0.01", "0.011"), {"endpointType": "PrivateLink"}),
        Product("PublicIPv4", "PublicIPv4:InUseAddress", "Hrs", _both("0.005", "0.005")),
    ],
    "AWSELB": [
        Product(
            "Load Balancer-Application", "LoadBalancerUsage", "Hrs", _both("0.0225", "0.0252"),
            {"operation": "LoadBalancing:Application"},
        ),
        Product(
            "Load Balancer-Application", "LCUUsage", "LCU-Hrs", _both("0.008", "0.008"),
            {"operation": "LoadBalancing:Application"},
        ),
    ],
    "AmazonCloudWatch": [
        Product("Data Payload", "DataProcessing-Bytes", "GB", _both("0.50", "0.57"), {"group": "Ingested Logs"}),
    ],
    "AWSSecretsManager": [
        Product("Secret", "AWSSecretsManager-Secrets", "Secrets", _both("0.40", "0.40")),
    ],
    "AmazonRoute53": [
        Product("DNS Zone", "HostedZone", "HostedZone", _both("0.50", "0.50")),
    ],
}  # fmt: skip
