//! What others have hung on the stack's load balancer, roles and DB subnet group is named before anything is deleted.

use aws_config::SdkConfig;
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, FixedResponseActionConfig, ProtocolEnum,
};

use crate::support::{World, left};

const SPEC: &str = "\
name: host
region: eu-west-1
database: {deletion_protection: false, final_snapshot: false}
";

/// A listener of somebody's on the load balancer; its ARN.
async fn listener(config: &SdkConfig) -> String {
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(config);
    let balancers = elb.describe_load_balancers().send().await;
    let balancers = balancers.expect("load balancers");
    let balancer = balancers.load_balancers().first().expect("the stack's");
    let fixed = FixedResponseActionConfig::builder().status_code("200");
    let action = Action::builder()
        .r#type(ActionTypeEnum::FixedResponse)
        .fixed_response_config(fixed.build());
    let made = elb
        .create_listener()
        .load_balancer_arn(balancer.load_balancer_arn().expect("an ARN"))
        .protocol(ProtocolEnum::Http)
        .port(9090)
        .default_actions(action.build());
    let made = made.send().await.expect("a listener");
    let arn = made.listeners().first().and_then(|it| it.listener_arn());
    arn.expect("an ARN").to_owned()
}

/// An instance profile of somebody's with the data planes' role in it; the role's name.
async fn profile(config: &SdkConfig) -> String {
    let iam = aws_sdk_iam::Client::new(config);
    let roles = iam.list_roles().path_prefix("/kongstack/");
    let roles = roles.send().await.expect("roles");
    let mut names = roles.roles().iter().map(|role| role.role_name());
    let role = names.find(|name| name.contains("dp")).expect("a role");
    let made = iam
        .create_instance_profile()
        .instance_profile_name("theirs");
    made.send().await.expect("a profile");
    let add = iam.add_role_to_instance_profile();
    let add = add.instance_profile_name("theirs").role_name(role);
    add.send().await.expect("the role in it");
    role.to_owned()
}

/// A database of somebody's in the stack's DB subnet group; the group's name.
async fn database(config: &SdkConfig) -> String {
    let rds = aws_sdk_rds::Client::new(config);
    let groups = rds.describe_db_subnet_groups().send().await;
    let groups = groups.expect("groups");
    let group = groups.db_subnet_groups().first().expect("the stack's");
    let group = group.db_subnet_group_name().expect("its name");
    let made = rds
        .create_db_cluster()
        .db_cluster_identifier("theirs")
        .engine("aurora-postgresql")
        .master_username("theirs")
        .manage_master_user_password(true)
        .db_subnet_group_name(group);
    made.send().await.expect("a cluster");
    group.to_owned()
}

async fn all_leave(config: &SdkConfig, listener: &str, role: &str) {
    let elb = aws_sdk_elasticloadbalancingv2::Client::new(config);
    let gone = elb.delete_listener().listener_arn(listener).send().await;
    gone.expect("no listener");
    let iam = aws_sdk_iam::Client::new(config);
    let out = iam.remove_role_from_instance_profile();
    let out = out.instance_profile_name("theirs").role_name(role);
    out.send().await.expect("no role in it");
    let rds = aws_sdk_rds::Client::new(config);
    let gone = rds.delete_db_cluster().db_cluster_identifier("theirs");
    let gone = gone.skip_final_snapshot(true).send().await;
    gone.expect("no cluster");
}

#[tokio::test]
async fn what_others_hung_on_it_is_named_and_not_cut_off() {
    let world = World::new();
    let config = world.aws("eu-west-1");
    world.write("kongstack.yaml", SPEC);
    let _ = world.run(&["apply", "--auto-approve"]).exits(0);
    let (listener, role) = (listener(&config).await, profile(&config).await);
    let group = database(&config).await;
    // A cluster that is still being made, as theirs is, cannot be deleted.
    world.configure(&serde_json::json!({"skip_seconds": 3600}));
    world.forget_calls();
    let output = world.run(&["destroy", "--auto-approve"]).exits(1);
    assert_eq!(world.mutating(), Vec::<String>::new());
    let said = output.all();
    for name in [
        "the listener on port 9090 of load balancer host-alb is not this stack's".to_owned(),
        "aws elbv2 delete-listener --listener-arn".to_owned(),
        format!("the instance profile theirs holds the IAM role {role}"),
        format!("the DB cluster theirs is in the DB subnet group {group}"),
        "3 things stand in the way".to_owned(),
    ] {
        assert!(said.contains(&name), "no {name:?} in\n{}", output.stdout);
    }
    all_leave(&config, &listener, &role).await;
    // What is on its way out is waited for.
    let _ = world.run(&["destroy", "--auto-approve"]).exits(0);
    assert_eq!(left(&config, "host").await, Vec::<String>::new());
}
