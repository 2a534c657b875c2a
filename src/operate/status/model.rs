//! What there is to say of a live stack, as data: the shape of `kongstack status --format json`.
//!
//! Field names and the words of enumerations are stable within one [`VERSION`]: fields may be added, none change their
//! meaning. Times are RFC 3339 in UTC. What is not there is `null`.

use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_types::DateTime;
use serde::{Serialize, Serializer};

/// The version of the shape.
pub(crate) const VERSION: u32 = 1;

/// A moment, to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(SystemTime);

impl Moment {
    /// The moment the system's clock shows.
    pub(crate) fn new(at: SystemTime) -> Self {
        let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(UNIX_EPOCH + Duration::from_secs(since.as_secs()))
    }

    /// AWS's.
    pub(super) fn of(at: &DateTime) -> Self {
        let seconds = u64::try_from(at.secs()).unwrap_or_default();
        Self(UNIX_EPOCH + Duration::from_secs(seconds))
    }

    /// How long before `now` it was; nothing if it is still to come.
    pub(crate) fn ago(self, now: Self) -> Duration {
        now.0.duration_since(self.0).unwrap_or_default()
    }

    /// How long after it `later` is; nothing if that is over.
    pub(crate) fn until(self, later: Self) -> Duration {
        later.0.duration_since(self.0).unwrap_or_default()
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", humantime::format_rfc3339_seconds(self.0))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A stack at a glance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Status {
    /// [`VERSION`].
    pub(crate) version: u32,
    /// The stack's name.
    pub(crate) stack: String,
    /// Its region.
    pub(crate) region: String,
    /// When it was looked at, by this machine's clock.
    pub(crate) at: Moment,
    /// How it is on the whole.
    pub(crate) overall: Overall,
    /// The gateway's address; `null` until the load balancer has one.
    pub(crate) endpoint: Option<String>,
    /// The Admin API's.
    pub(crate) admin_endpoint: Option<String>,
    /// The load balancer.
    pub(crate) load_balancer: Option<LoadBalancer>,
    /// The control plane.
    pub(crate) control_plane: Option<Nodes>,
    /// The timer of a control plane on demand; `null` for one that is always on.
    pub(crate) timer: Option<Timer>,
    /// The data planes.
    pub(crate) data_plane: Option<Nodes>,
    /// What the load balancer says of the data planes.
    pub(crate) targets: Option<Targets>,
    /// The database.
    pub(crate) database: Option<Database>,
    /// Its schema.
    pub(crate) migrations: Option<Migrations>,
    /// The certificates.
    pub(crate) certificates: Certificates,
    /// The alarms; `null` where the spec asks for none.
    pub(crate) alarms: Option<Alarms>,
    /// Who is at work on the stack.
    pub(crate) lease: Option<Holder>,
}

impl Status {
    /// Whether the same is to be said of it as of `other`, which was looked at at another time. A lease that was
    /// only renewed is the same.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let mut alike = other.clone();
        alike.at = self.at;
        if let (Some(alike), Some(own)) = (&mut alike.lease, &self.lease) {
            alike.until = own.until;
        }
        *self == alike
    }
}

/// When a control plane on demand is looked at, and put to sleep unless somebody needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Timer {
    /// When; `null` if it is not set. One that is over was acted on.
    pub(crate) due_at: Option<Moment>,
}

/// How a stack is on the whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Overall {
    /// In one word.
    pub(crate) state: State,
    /// In one line.
    pub(crate) summary: String,
    /// Everything that is not as it should be.
    pub(crate) reasons: Vec<String>,
}

/// How a stack is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// It serves, and nothing is wrong.
    Serving,
    /// Something is wrong.
    Degraded,
    /// Both planes are scaled to nothing.
    Asleep,
    /// Another run is at work on it.
    Changing,
    /// There is no such stack.
    Absent,
}

/// The load balancer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct LoadBalancer {
    /// As AWS spells it: `active`, `provisioning`, `active_impaired`, `failed`.
    pub(crate) state: String,
    /// AWS's reason for it, where it gives one.
    pub(crate) reason: Option<String>,
}

/// The nodes of one plane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Nodes {
    /// The ECS service.
    pub(crate) service: String,
    /// Its status as ECS spells it; `ACTIVE` unless it is being deleted.
    pub(crate) status: String,
    /// How many tasks there should be.
    pub(crate) desired: u32,
    /// How many run.
    pub(crate) running: u32,
    /// How many are being started.
    pub(crate) pending: u32,
    /// Its deployments, the one ECS brings it to first.
    pub(crate) deployments: Vec<Deployment>,
    /// Its tasks, oldest first.
    pub(crate) tasks: Vec<Task>,
    /// When its last task was told to stop, as far as the service's events tell.
    pub(crate) stopped_at: Option<Moment>,
}

/// A deployment of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Deployment {
    /// Its id.
    pub(crate) id: String,
    /// What it brings, as `family:revision`.
    pub(crate) revision: String,
    /// How far it is: `in-progress`, `completed`, `failed`.
    pub(crate) rollout: Rollout,
    /// ECS's reason, where it failed.
    pub(crate) reason: Option<String>,
    /// How many tasks of it there should be.
    pub(crate) desired: u32,
    /// How many run.
    pub(crate) running: u32,
    /// How many are being started.
    pub(crate) pending: u32,
    /// How many failed to start.
    pub(crate) failed: u32,
    /// When it was begun.
    pub(crate) created_at: Option<Moment>,
    /// When ECS last said something new of it.
    pub(crate) updated_at: Option<Moment>,
}

/// How far a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Rollout {
    /// Under way.
    InProgress,
    /// Through.
    Completed,
    /// Given up.
    Failed,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Task {
    /// Its id.
    pub(crate) id: String,
    /// Its state as ECS spells it, such as `PENDING` or `RUNNING`.
    pub(crate) state: String,
    /// What its health check says: `HEALTHY`, `UNHEALTHY`, `UNKNOWN`.
    pub(crate) health: String,
    /// What it is a task of, as `family:revision`.
    pub(crate) revision: String,
    /// The image it runs.
    pub(crate) image: String,
    /// Kong's version, by the image's tag; its digest where it has no tag.
    pub(crate) kong: String,
    /// When it was created.
    pub(crate) created_at: Option<Moment>,
    /// When its containers started.
    pub(crate) started_at: Option<Moment>,
    /// Its private address.
    #[serde(skip)]
    pub(crate) address: Option<IpAddr>,
    /// Its network interface.
    #[serde(skip)]
    pub(crate) interface: Option<String>,
}

/// What the load balancer says of its targets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Targets {
    /// Targets that get requests.
    pub(crate) healthy: u32,
    /// Targets that fail their checks.
    pub(crate) unhealthy: u32,
    /// Targets whose first checks are under way.
    pub(crate) initial: u32,
    /// Targets that finish their last requests.
    pub(crate) draining: u32,
    /// Targets that get no requests and are not checked.
    pub(crate) unused: u32,
    /// Why targets are not healthy, each reason once.
    pub(crate) reasons: Vec<TargetReason>,
}

/// Why targets are not healthy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct TargetReason {
    /// How many.
    pub(crate) targets: u32,
    /// ELB's code, such as `Target.FailedHealthChecks`.
    pub(crate) code: String,
    /// ELB's words.
    pub(crate) description: String,
}

/// The database.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Database {
    /// The DB cluster's identifier.
    pub(crate) cluster: String,
    /// Its status as RDS spells it.
    pub(crate) status: String,
    /// What that comes to.
    pub(crate) activity: Activity,
    /// What to do about it, where a person has to.
    pub(crate) remedy: Option<String>,
    /// The engine's version.
    pub(crate) engine_version: String,
    /// Its instances, the writer first.
    pub(crate) instances: Vec<Instance>,
    /// The least capacity, in ACU.
    pub(crate) min_acu: Option<f64>,
    /// The most.
    pub(crate) max_acu: Option<f64>,
    /// Seconds without a connection until it pauses; `null` when it never does.
    pub(crate) auto_pause_seconds: Option<u32>,
    /// The capacity of a minute or two ago, on average over the instances; 0 when they are paused.
    pub(crate) capacity_acu: Option<f64>,
}

/// What a database does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Activity {
    /// It takes connections at once.
    Awake,
    /// It sleeps at 0 ACU, and wakes when somebody connects.
    Paused,
    /// It slept a minute ago, and a control plane runs that connects every few seconds.
    Resuming,
    /// It takes connections, perhaps after waking: its capacity is not known.
    Available,
    /// It is being made, changed, started, stopped or deleted.
    Busy,
    /// Somebody stopped it.
    Stopped,
    /// It cannot leave its state by itself.
    Broken,
}

/// An instance of the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Instance {
    /// Its identifier.
    pub(crate) instance: String,
    /// Whether it is the one that writes.
    pub(crate) writer: bool,
    /// Its status as RDS spells it.
    pub(crate) status: String,
}

/// What was done to the schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Migrations {
    /// The image whose `migrations up` ran last.
    pub(crate) schema: String,
    /// The image whose `migrations finish` ran last.
    pub(crate) finished: Option<String>,
}

/// The certificates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Certificates {
    /// The load balancer's; `null` without HTTPS.
    pub(crate) https: Option<Certificate>,
    /// The one the planes know each other by.
    pub(crate) cluster: Option<Certificate>,
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Certificate {
    /// Its ARN, or the name of the secret that holds it.
    pub(crate) name: String,
    /// Its status as ACM spells it; `null` where ACM does not keep it.
    pub(crate) status: Option<String>,
    /// When it expires; `null` when nothing tells.
    pub(crate) expires_at: Option<Moment>,
}

/// The alarms.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Alarms {
    /// How many there are.
    pub(crate) count: u32,
    /// The names of those that ring, without the stack's.
    pub(crate) in_alarm: Vec<String>,
    /// The names of those that cannot tell, as a new one for some minutes.
    pub(crate) without_data: Vec<String>,
    /// Addresses that get no mail, because nobody there has confirmed yet.
    pub(crate) unconfirmed: Vec<String>,
}

/// Who is at work on the stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Holder {
    /// The user's name on their machine.
    pub(crate) user: String,
    /// The machine's name.
    pub(crate) host: String,
    /// The process there.
    pub(crate) process: u32,
    /// What for.
    pub(crate) purpose: String,
    /// Since when.
    pub(crate) since: Moment,
    /// When the lease expires unless it is renewed.
    pub(crate) until: Moment,
    /// Whether it has expired by now: its run is dead, as far as two clocks can tell.
    pub(crate) expired: bool,
    /// The address of its pipeline's run, if it is one.
    pub(crate) run: Option<String>,
}
