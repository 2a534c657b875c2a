//! The kinds: one sort of AWS resource a file, by service.
//!
//! What AWS does with a resource lives in its kind and nowhere else; what a Kong stack wants of it, in the
//! blueprint. A new kind is one file and one line here.

pub(crate) mod acm;
pub(crate) mod autoscaling;
pub(crate) mod cloudwatch;
pub(crate) mod discovery;
pub(crate) mod ec2;
pub(crate) mod ecs;
pub(crate) mod elb;
pub(crate) mod events;
pub(crate) mod iam;
pub(crate) mod kms;
pub(crate) mod kong;
mod leftover;
pub(crate) mod logs;
pub(crate) mod rds;
pub(crate) mod route53;
pub(crate) mod s3;
pub(crate) mod scheduler;
pub(crate) mod secrets;
pub(crate) mod sfn;
pub(crate) mod sns;
#[cfg(test)]
mod tests;
pub(crate) mod wafv2;

use crate::resource::{KindRef, kind};

/// Every kind there is, sorted by type.
pub(crate) static ALL: &[KindRef] = &[
    kind::<autoscaling::ScalableTarget>(),
    kind::<autoscaling::ScalingPolicy>(),
    kind::<acm::Certificate>(),
    kind::<cloudwatch::Alarm>(),
    kind::<cloudwatch::Dashboard>(),
    kind::<ec2::ElasticIp>(),
    kind::<ec2::FlowLog>(),
    kind::<ec2::InternetGateway>(),
    kind::<ec2::NatGateway>(),
    kind::<ec2::Route>(),
    kind::<ec2::RouteTable>(),
    kind::<ec2::SecurityGroup>(),
    kind::<ec2::SecurityGroupRule>(),
    kind::<ec2::Subnet>(),
    kind::<ec2::RouteTableAssociation>(),
    kind::<ec2::Vpc>(),
    kind::<ec2::VpcEndpoint>(),
    kind::<ecs::EcsCluster>(),
    kind::<ecs::EcsService>(),
    kind::<ecs::TaskDefinition>(),
    kind::<elb::Listener>(),
    kind::<elb::ListenerRule>(),
    kind::<elb::LoadBalancer>(),
    kind::<elb::TargetGroup>(),
    kind::<events::Rule>(),
    kind::<iam::Role>(),
    kind::<iam::RolePolicy>(),
    kind::<kms::Key>(),
    kind::<logs::LogGroup>(),
    kind::<rds::DbCluster>(),
    kind::<rds::DbClusterParameterGroup>(),
    kind::<rds::DbInstance>(),
    kind::<rds::DbSubnetGroup>(),
    kind::<route53::Alias>(),
    kind::<route53::Validation>(),
    kind::<s3::Bucket>(),
    kind::<sns::Subscription>(),
    kind::<sns::Topic>(),
    kind::<scheduler::ScheduleGroup>(),
    kind::<secrets::Secret>(),
    kind::<discovery::Namespace>(),
    kind::<discovery::DiscoveryService>(),
    kind::<sfn::StateMachine>(),
    kind::<wafv2::IpSet>(),
    kind::<wafv2::LoggingConfiguration>(),
    kind::<wafv2::WebAcl>(),
    kind::<wafv2::WebAclAssociation>(),
    kind::<kong::AdminRoute>(),
    kind::<kong::Schema>(),
    kind::<kong::SchemaFinish>(),
];
