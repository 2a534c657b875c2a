//! One client a service, made on first use, all on one connection pool; and the way to the gateway itself.

use std::sync::OnceLock;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;

use crate::gateway::{Network, Visitor};

use super::throttle::{Watch, rate_of, retries};

macro_rules! clients {
    ($($(#[$doc:meta])* $service:ident: $sdk:ident;)*) => {
        /// The clients of all services, made when first asked for.
        #[derive(Debug)]
        pub(crate) struct Clients {
            config: SdkConfig,
            gateway: Visitor,
            $($service: OnceLock<$sdk::Client>,)*
        }

        impl Clients {
            /// Clients that share the credentials, region, endpoint, retries and connections of `config`; the gateway is
            /// visited over `network`.
            #[must_use]
            pub(crate) fn new(config: SdkConfig, network: Network) -> Self {
                Self { config, gateway: Visitor::new(network), $($service: OnceLock::new(),)* }
            }

            /// Goes to the gateway as its clients do.
            pub(crate) fn gateway(&self) -> &Visitor {
                &self.gateway
            }

            $(
                $(#[$doc])*
                pub(crate) fn $service(&self) -> &$sdk::Client {
                    self.$service.get_or_init(|| {
                        let config = $sdk::config::Builder::from(&self.config)
                            .retry_partition(rate_of(stringify!($service)))
                            .retry_classifier(Watch::new(stringify!($service)));
                        $sdk::Client::from_conf(config.build())
                    })
                }
            )*
        }
    };
}

clients! {
    /// AWS Certificate Manager.
    acm: aws_sdk_acm;
    /// Application Auto Scaling.
    autoscaling: aws_sdk_applicationautoscaling;
    /// CloudWatch: metrics, alarms, dashboards.
    cloudwatch: aws_sdk_cloudwatch;
    /// CloudWatch Logs.
    logs: aws_sdk_cloudwatchlogs;
    /// DynamoDB: leases.
    dynamodb: aws_sdk_dynamodb;
    /// EC2: networks and security groups.
    ec2: aws_sdk_ec2;
    /// Elastic Container Service.
    ecs: aws_sdk_ecs;
    /// Elastic Load Balancing v2.
    elb: aws_sdk_elasticloadbalancingv2;
    /// EventBridge: rules and events.
    events: aws_sdk_eventbridge;
    /// IAM.
    iam: aws_sdk_iam;
    /// Key Management Service: the key that a stack is encrypted with.
    kms: aws_sdk_kms;
    /// RDS.
    rds: aws_sdk_rds;
    /// The Resource Groups Tagging API.
    tagging: aws_sdk_resourcegroupstagging;
    /// Route 53.
    route53: aws_sdk_route53;
    /// S3: the bucket of the access logs.
    s3: aws_sdk_s3;
    /// Service Quotas; asked only about a quota that has been reached.
    quotas: aws_sdk_servicequotas;
    /// SNS: the topic of alarms.
    sns: aws_sdk_sns;
    /// EventBridge Scheduler: timers.
    scheduler: aws_sdk_scheduler;
    /// Secrets Manager.
    secrets: aws_sdk_secretsmanager;
    /// Cloud Map.
    discovery: aws_sdk_servicediscovery;
    /// Step Functions.
    sfn: aws_sdk_sfn;
    /// WAF.
    waf: aws_sdk_wafv2;
    /// STS.
    sts: aws_sdk_sts;
}

/// Retries switched off, for the few creating calls that are neither named nor tokenised.
///
/// An answer that is lost must not be asked for again: the engine looks first what the lost call made.
#[must_use]
pub(crate) fn once() -> RetryConfig {
    retries(1)
}
