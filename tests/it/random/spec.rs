//! Specs: for each section, values that are valid on their own; what does not go together is mended when it is written.

use proptest::prelude::{Just, Strategy, any};
use proptest::sample::select;
use proptest::strategy::{BoxedStrategy, Union};
use serde_json::{Map, Value, json};

/// The stack's name.
pub(crate) const NAME: &str = "random";
/// Its region.
pub(crate) const REGION: &str = "eu-west-1";
/// A zone of the account.
pub(crate) const ZONE: &str = "example.com";
/// A name in it, for which there is a certificate.
pub(crate) const DOMAIN: &str = "gw.example.com";

/// The sections that are drawn and edited.
pub(crate) const SECTIONS: [&str; 14] = [
    "tags",
    "network",
    "ingress",
    "database",
    "kong",
    "control_plane",
    "data_plane",
    "admin",
    "discovery",
    "logs",
    "encryption",
    "exec",
    "names",
    "account",
];

/// What there is in the account that a spec may name.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    /// The account's number.
    pub(crate) account: String,
    /// A certificate for [`DOMAIN`].
    pub(crate) certificate: String,
    /// A secret with somebody's API key.
    pub(crate) secret: String,
    /// Somebody's network.
    pub(crate) network: Value,
}

/// A spec: the values of the sections that have one.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Spec(pub(crate) Map<String, Value>);

impl Spec {
    /// The same with another value in one section; `null` for its default.
    pub(crate) fn edited(&self, section: &str, value: &Value) -> Self {
        let mut sections = self.0.clone();
        sections.insert(section.to_owned(), value.clone());
        Self(sections)
    }

    /// The text of the file. JSON is YAML.
    pub(crate) fn text(&self, around: &Surroundings) -> String {
        let mut file = self.0.clone();
        file.retain(|_, value| !value.is_null());
        if file.contains_key("account") {
            file.insert("account".to_owned(), json!(around.account));
        }
        replace(
            &mut file,
            "ingress",
            "certificate",
            &json!(around.certificate),
        );
        replace(&mut file, "admin", "api_key", &json!(around.secret));
        replace(&mut file, "network", "existing", &around.network);
        if file
            .get("network")
            .is_some_and(|it| it["egress"] == "endpoints")
        {
            // Without a way out, the image and the upstreams lie inside.
            let image = format!(
                "{}.dkr.ecr.{REGION}.amazonaws.com/kong:3.9.3",
                around.account
            );
            file.insert("kong".to_owned(), json!({"image": image}));
            let data_plane = file.entry("data_plane").or_insert_with(|| json!({}));
            data_plane["egress"] = json!([{"port": 8080, "cidr": "10.0.0.0/16"}]);
        }
        file.insert("name".to_owned(), json!(NAME));
        file.insert("region".to_owned(), json!(REGION));
        Value::Object(file).to_string()
    }
}

/// Puts what the account really has in the place of a field that is there.
fn replace(file: &mut Map<String, Value>, section: &str, field: &str, real: &Value) {
    let field = file
        .get_mut(section)
        .and_then(|section| section.get_mut(field));
    if let Some(field) = field.filter(|field| **field == json!("real")) {
        *field = real.clone();
    }
}

/// Whole specs. A section is at its default as often as not.
pub(crate) fn specs() -> impl Strategy<Value = Spec> {
    SECTIONS
        .map(|section| proptest::option::of(values(section)))
        .prop_map(|drawn| {
            let named = SECTIONS.iter().zip(drawn);
            let given = named.filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
            Spec(given.collect())
        })
}

/// One section and a new value for it.
pub(crate) fn edits() -> impl Strategy<Value = (&'static str, Value)> {
    let of = |section: &'static str| {
        values(section)
            .prop_map(move |value| (section, value))
            .boxed()
    };
    Union::new(SECTIONS.map(of))
}

fn one_of(values: Vec<Value>) -> BoxedStrategy<Value> {
    select(values).boxed()
}

/// Values of one section.
fn values(section: &str) -> BoxedStrategy<Value> {
    match section {
        "tags" => one_of(vec![
            json!({"environment": "uat"}),
            json!({"environment": "production", "owner": "platform"}),
            json!({"cost centre": "47 11", "owner": "a+b@example.com"}),
        ]),
        "network" => network(),
        "ingress" => one_of(vec![
            json!({"allow": ["198.51.100.0/24", "203.0.113.0/24"]}),
            json!({"domain": DOMAIN, "hosted_zone": ZONE}),
            json!({"access_logs": {"enabled": true, "retention_days": 30}}),
            json!({"domain": DOMAIN, "hosted_zone": ZONE, "certificate": "real"}),
            json!({"domain": DOMAIN, "certificate": "real", "http": "off"}),
            json!({"domain": DOMAIN, "hosted_zone": ZONE, "certificate": "real", "http": "forward",
                   "tls_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06"}),
        ]),
        "database" => database(),
        "kong" => one_of(vec![
            json!({"image": "kong:3.9.2"}),
            json!({"image": "kong:3.9.3", "environment": {"KONG_LOG_LEVEL": "info"}}),
            json!({"environment": {"KONG_LOG_LEVEL": "notice", "KONG_HEADERS": "off"}}),
        ]),
        "control_plane" => size().boxed(),
        "data_plane" => data_plane(),
        "admin" => admin(),
        "discovery" => one_of(vec![
            json!({"service": "settings"}),
            json!({"namespace": "gateway.internal", "service": "config"}),
        ]),
        "logs" => one_of(vec![
            json!({"retention_days": 1}),
            json!({"retention_days": 30}),
            json!({"retention_days": 30, "archive": {"enabled": true}}),
        ]),
        "encryption" => one_of(vec![json!({"kms_key": "create"}), json!({})]),
        "exec" => one_of(vec![json!(true), json!(false)]),
        "names" => one_of(vec![
            json!({"load_balancer": "front"}),
            json!({"target_group": "front", "data_plane_log_group": "/ecs/gateway"}),
            json!({"data_plane_service": "gateway", "data_plane_family": "gateway"}),
            json!({"execution_role": "gateway-execution", "admin_key_secret": "gateway/key"}),
            json!({"ecs_cluster": "gateways", "encryption_key": "gateways"}),
            json!({"database_cluster": "gateway-data"}),
        ]),
        _ => Just(json!("real")).boxed(),
    }
}

fn network() -> BoxedStrategy<Value> {
    let egress = |way: &str| json!({"egress": way});
    Union::new_weighted(vec![
        (
            4,
            one_of(vec![
                egress("nat"),
                egress("nat-per-az"),
                egress("public-ip"),
                egress("endpoints"),
            ]),
        ),
        (
            2,
            one_of(vec![
                json!({"availability_zones": 3, "egress": "public-ip"}),
                json!({"egress": "nat", "flow_logs": {"enabled": true, "traffic": "reject"}}),
                json!({"availability_zones": ["eu-west-1c", "eu-west-1a"], "egress": "nat"}),
            ]),
        ),
        (
            1,
            one_of(vec![
                json!({"cidr": "10.0.0.0/20", "egress": "public-ip"}),
                json!({"public_subnets": ["10.0.1.0/24", "10.0.2.0/24"],
                   "private_subnets": ["10.0.101.0/24", "10.0.102.0/24"]}),
                json!({"existing": "real"}),
            ]),
        ),
    ])
    .boxed()
}

fn database() -> BoxedStrategy<Value> {
    let capacity = select(vec![
        json!({"min": 0, "max": 2}),
        json!({"min": 0, "max": 4, "auto_pause": "10m"}),
        json!({"min": 0.5, "max": 1}),
    ]);
    let version = select(vec!["16", "16.6", "16.8", "15"]);
    (
        version,
        capacity,
        0..3_u32,
        1..15_u32,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(version, capacity, readers, days, protected, snapshot)| {
            json!({"engine_version": version, "capacity": capacity, "readers": readers,
                   "backup_retention_days": days, "deletion_protection": protected,
                   "final_snapshot": snapshot})
        })
        .boxed()
}

fn size() -> impl Strategy<Value = Value> {
    let sizes = select(vec![(512, 1024), (512, 2048), (1024, 2048)]);
    (sizes, select(vec!["x86_64", "arm64"])).prop_map(|((cpu, memory), architecture)| {
        json!({"cpu": cpu, "memory": memory, "architecture": architecture})
    })
}

fn data_plane() -> BoxedStrategy<Value> {
    let scaling = select(vec![
        json!({"min": 1, "max": 2}),
        json!({"min": 2, "max": 4, "cpu": 50, "memory": 70}),
        json!({"min": 1, "max": 3, "requests_per_target": 500}),
        json!({"min": 2, "max": 2}),
    ]);
    let spot = select(vec![0, 50, 100]);
    let egress = select(vec![
        json!([{"port": 443, "cidr": "0.0.0.0/0"}]),
        json!([{"port": 8080, "cidr": "10.0.0.0/16"}, {"port": 443, "cidr": "198.51.100.0/24"}]),
    ]);
    (size(), scaling, spot, egress)
        .prop_map(|(mut value, scaling, spot, egress)| {
            value["scaling"] = scaling;
            value["spot"] = json!(spot);
            value["egress"] = egress;
            value
        })
        .boxed()
}

fn admin() -> BoxedStrategy<Value> {
    let allow = select(vec![
        json!({"allow": ["203.0.113.0/24"]}),
        json!({"allow": ["203.0.113.0/24", "198.51.100.7/32"], "rate_limit": 30}),
        json!({"allow": ["0.0.0.0/0"], "allow_anywhere": true}),
    ]);
    let more = select(vec![
        json!({}),
        json!({"path": "/manage"}),
        json!({"api_key": "real"}),
    ]);
    (allow, more)
        .prop_map(|(mut value, more)| {
            for (key, more) in more.as_object().into_iter().flatten() {
                value[key] = more.clone();
            }
            value
        })
        .boxed()
}
