//! A stack that serves, for tests to spoil.

use std::time::{Duration, UNIX_EPOCH};

use super::model::{
    Activity, Certificate, Certificates, Database, Deployment, Instance, LoadBalancer, Migrations,
    Moment, Nodes, Rollout, Status, Targets, Task, VERSION,
};
use super::verdict;

/// So many seconds into the sample's day.
pub(crate) fn at(seconds: u64) -> Moment {
    Moment::new(UNIX_EPOCH + Duration::from_secs(1_790_000_000 + seconds))
}

/// A stack of one control plane and two data planes, looked at 3600 seconds into its day.
pub(crate) fn sample() -> Status {
    let mut status = Status {
        version: VERSION,
        stack: "gw".to_owned(),
        region: "eu-west-1".to_owned(),
        at: at(3600),
        overall: verdict::unknown(),
        endpoint: Some("https://api.example.com".to_owned()),
        admin_endpoint: Some("https://api.example.com/kong-admin".to_owned()),
        load_balancer: Some(LoadBalancer {
            state: "active".to_owned(),
            reason: None,
        }),
        control_plane: Some(nodes("gw-cp", 1)),
        timer: None,
        data_plane: Some(nodes("gw-dp", 2)),
        targets: Some(Targets {
            healthy: 2,
            ..Targets::default()
        }),
        database: Some(database()),
        migrations: Some(Migrations {
            schema: "kong:3.9.3".to_owned(),
            finished: Some("kong:3.9.3".to_owned()),
        }),
        certificates: Certificates {
            https: Some(Certificate {
                name: "arn:aws:acm:eu-west-1:1:certificate/a".to_owned(),
                status: Some("ISSUED".to_owned()),
                expires_at: Some(at(100 * 86400)),
            }),
            cluster: Some(Certificate {
                name: "kongstack/gw/cluster-certificate".to_owned(),
                status: None,
                expires_at: None,
            }),
        },
        alarms: None,
        lease: None,
    };
    status.overall = verdict::judge(&status);
    status
}

fn nodes(service: &str, count: u32) -> Nodes {
    let revision = format!("{service}:3");
    let task = |number: u32| Task {
        id: format!("{number:032x}"),
        state: "RUNNING".to_owned(),
        health: "HEALTHY".to_owned(),
        revision: revision.clone(),
        image: "kong:3.9.3".to_owned(),
        kong: "3.9.3".to_owned(),
        created_at: Some(at(100)),
        started_at: Some(at(160)),
        address: Some([10, 0, 1, 7].into()),
        interface: Some("eni-1".to_owned()),
    };
    Nodes {
        service: service.to_owned(),
        status: "ACTIVE".to_owned(),
        desired: count,
        running: count,
        pending: 0,
        deployments: vec![Deployment {
            id: "ecs-svc/3".to_owned(),
            revision: revision.clone(),
            rollout: Rollout::Completed,
            reason: None,
            desired: count,
            running: count,
            pending: 0,
            failed: 0,
            created_at: Some(at(90)),
            updated_at: Some(at(300)),
        }],
        tasks: (1..=count).map(task).collect(),
        stopped_at: None,
    }
}

fn database() -> Database {
    Database {
        cluster: "gw-db".to_owned(),
        status: "available".to_owned(),
        activity: Activity::Awake,
        remedy: None,
        engine_version: "16.6".to_owned(),
        instances: vec![Instance {
            instance: "gw-db-1".to_owned(),
            writer: true,
            status: "available".to_owned(),
        }],
        min_acu: Some(0.0),
        max_acu: Some(2.0),
        auto_pause_seconds: Some(300),
        capacity_acu: Some(0.5),
    }
}
