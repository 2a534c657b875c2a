//! What the parts of a stack are called that day-2 commands ask for, as its blueprint names them.

use crate::blueprint::addresses;
use crate::kinds::ecs::{EcsCluster, EcsService, EcsServiceDesired};
use crate::kinds::elb::{LoadBalancer, TargetGroup};
use crate::kinds::rds::DbCluster;
use crate::kinds::secrets::Secret;
use crate::resource::{Address, Blueprint, Error};

/// One of the two sorts of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plane {
    /// The control plane.
    Control,
    /// The data planes.
    Data,
}

impl Plane {
    /// What it is called in a sentence.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Control => "control plane",
            Self::Data => "data plane",
        }
    }

    /// The address of its service.
    pub(crate) fn address(self) -> Address {
        match self {
            Self::Control => addresses::control_plane_service(),
            Self::Data => addresses::data_plane_service(),
        }
    }

    /// Its service as the blueprint wants it.
    ///
    /// # Errors
    /// When the blueprint has none.
    pub(crate) fn service(self, blueprint: &Blueprint) -> Result<&EcsServiceDesired, Error> {
        blueprint.desired::<EcsService>(&self.address())
    }
}

/// The names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names<'a> {
    /// The ECS cluster.
    pub(crate) cluster: &'a str,
    /// The control plane's service.
    pub(crate) control_plane: &'a str,
    /// The data planes' service.
    pub(crate) data_plane: &'a str,
    /// The load balancer.
    pub(crate) load_balancer: &'a str,
    /// The target group.
    pub(crate) target_group: &'a str,
    /// The DB cluster.
    pub(crate) database: &'a str,
    /// The secret that holds the cluster certificate.
    pub(crate) cluster_certificate: &'a str,
}

impl<'a> Names<'a> {
    /// The names of a blueprint.
    ///
    /// # Errors
    /// When it lacks one of them.
    pub(crate) fn of(blueprint: &'a Blueprint) -> Result<Self, Error> {
        let secret = addresses::cluster_certificate();
        Ok(Self {
            cluster: &blueprint
                .desired::<EcsCluster>(&addresses::ecs_cluster())?
                .name,
            control_plane: &Plane::Control.service(blueprint)?.name,
            data_plane: &Plane::Data.service(blueprint)?.name,
            load_balancer: &blueprint
                .desired::<LoadBalancer>(&addresses::load_balancer())?
                .name,
            target_group: &blueprint
                .desired::<TargetGroup>(&addresses::target_group())?
                .name,
            database: &blueprint
                .desired::<DbCluster>(&addresses::database_cluster())?
                .identifier,
            cluster_certificate: &blueprint.desired::<Secret>(&secret)?.name,
        })
    }
}
