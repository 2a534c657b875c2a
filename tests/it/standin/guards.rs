//! Web ACLs: what they are associated with holds them, and they log where they are let in.

use aws_sdk_wafv2::types::{
    AllowAction, Body, DefaultAction, FieldToMatch, LoggingConfiguration, Scope, SingleHeader,
    VisibilityConfig, WebAclSummary,
};

use super::stage::{Stage, answers, code};

/// Makes an ACL, or gives WAF's refusal.
async fn acl(stage: &Stage) -> Result<WebAclSummary, String> {
    let waf = aws_sdk_wafv2::Client::new(stage.config());
    let seen = VisibilityConfig::builder().metric_name("kong");
    let seen = seen
        .sampled_requests_enabled(false)
        .cloud_watch_metrics_enabled(false);
    let allow = DefaultAction::builder()
        .allow(AllowAction::builder().build())
        .build();
    let made = waf
        .create_web_acl()
        .name("kong")
        .scope(Scope::Regional)
        .default_action(allow);
    match made
        .visibility_config(seen.build().expect("settings"))
        .send()
        .await
    {
        Ok(made) => Ok(made.summary.expect("an ACL")),
        Err(refused) => Err(code::<(), _>(Err(refused))),
    }
}

#[tokio::test]
async fn an_acl_protects_what_there_is_and_stays_while_it_does() {
    let stage = Stage::new();
    let network = stage.network().await;
    let made = stage
        .elb()
        .create_load_balancer()
        .name("front")
        .set_subnets(Some(network.subnets.clone()));
    let made = made.send().await.expect("a load balancer");
    let balancer = made.load_balancers()[0]
        .load_balancer_arn()
        .expect("its ARN");
    let waf = aws_sdk_wafv2::Client::new(stage.config());
    let made = acl(&stage).await.expect("an ACL");
    let (arn, id) = (made.arn().expect("its ARN"), made.id().expect("its id"));
    let token = made.lock_token().expect("its token");
    let join = |resource: &str| {
        waf.associate_web_acl()
            .web_acl_arn(arn)
            .resource_arn(resource)
            .send()
    };
    let delete = |token: &str| {
        let delete = waf
            .delete_web_acl()
            .name("kong")
            .scope(Scope::Regional)
            .id(id);
        delete.lock_token(token).send()
    };
    let unknown = balancer.replace("front", "other");
    answers! {
        "name taken" => acl(&stage).await.expect_err("refused"), "WAFDuplicateItemException";
        "too early" => code(join(balancer).await), "WAFUnavailableEntityException";
    }
    stage.skip(10);
    answers! {
        "unknown" => code(join(&unknown).await), "WAFNonexistentItemException";
        "associated" => code(join(balancer).await), "accepted";
        "old token" => code(delete("00000000-0000-0000-0000-000000000000").await), "WAFOptimisticLockException";
        "in use" => code(delete(token).await), "WAFAssociatedItemException";
        "left" => code(waf.disassociate_web_acl().resource_arn(balancer).send().await), "accepted";
        "free" => code(delete(token).await), "accepted";
    }
}

/// An ACL with a rule that names a set.
async fn naming(waf: &aws_sdk_wafv2::Client, arn: &str) -> WebAclSummary {
    use aws_sdk_wafv2::types::{BlockAction, IpSetReferenceStatement, Rule, RuleAction, Statement};
    let seen = || {
        let seen = VisibilityConfig::builder().metric_name("kong");
        let seen = seen.sampled_requests_enabled(false);
        seen.cloud_watch_metrics_enabled(false)
            .build()
            .expect("settings")
    };
    let set = IpSetReferenceStatement::builder()
        .arn(arn)
        .build()
        .expect("a set");
    let rule = Rule::builder()
        .name("office")
        .priority(1)
        .statement(Statement::builder().ip_set_reference_statement(set).build())
        .action(
            RuleAction::builder()
                .block(BlockAction::builder().build())
                .build(),
        )
        .visibility_config(seen())
        .build()
        .expect("a rule");
    let allow = DefaultAction::builder().allow(AllowAction::builder().build());
    let acl = waf.create_web_acl().name("kong").scope(Scope::Regional);
    let acl = acl
        .default_action(allow.build())
        .rules(rule)
        .visibility_config(seen());
    acl.send().await.expect("an ACL").summary.expect("an ACL")
}

#[tokio::test]
async fn an_ip_set_has_a_name_of_its_own_and_stays_while_a_rule_names_it() {
    use aws_sdk_wafv2::types::IpAddressVersion;
    let stage = Stage::new();
    let waf = aws_sdk_wafv2::Client::new(stage.config());
    let create = |name: &str, block: &str| {
        let call = waf.create_ip_set().name(name).scope(Scope::Regional);
        let call = call.ip_address_version(IpAddressVersion::Ipv4);
        call.addresses(block).send()
    };
    let made = create("office", "203.0.113.0/24").await.expect("a set");
    let made = made.summary.expect("a set");
    let (arn, id) = (made.arn().expect("its ARN"), made.id().expect("its id"));
    answers! {
        "name taken" => code(create("office", "203.0.113.0/24").await), "WAFDuplicateItemException";
        "everybody" => code(create("all", "0.0.0.0/0").await), "WAFInvalidParameterException";
    }
    let acl = naming(&waf, arn).await;
    let delete = || {
        let call = waf
            .delete_ip_set()
            .name("office")
            .id(id)
            .scope(Scope::Regional);
        call.lock_token(made.lock_token().expect("its token"))
            .send()
    };
    let resources = |arn: &str| waf.list_resources_for_web_acl().web_acl_arn(arn).send();
    let gone = acl.arn().expect("its ARN").replace("kong", "gone");
    answers! {
        "in use" => code(delete().await), "WAFAssociatedItemException";
        "nothing behind" => resources(acl.arn().expect("its ARN")).await.expect("none").resource_arns().len().to_string(), "0";
        "unknown" => code(resources(&gone).await), "WAFNonexistentItemException";
    }
    let delete_acl = waf.delete_web_acl().name("kong").scope(Scope::Regional);
    let delete_acl = delete_acl.id(acl.id().expect("its id"));
    let delete_acl = delete_acl.lock_token(acl.lock_token().expect("its token"));
    answers! {
        "without the ACL" => code(delete_acl.send().await), "accepted";
        "free" => code(delete().await), "accepted";
    }
}

/// An ACL, and a group that it may log to by its name.
struct Logged {
    stage: Stage,
    waf: aws_sdk_wafv2::Client,
    acl: WebAclSummary,
    /// The group's ARN.
    group: String,
}

impl Logged {
    async fn new() -> Self {
        let stage = Stage::new();
        let logs = aws_sdk_cloudwatchlogs::Client::new(stage.config());
        for name in ["aws-waf-logs-kong", "kong"] {
            let made = logs.create_log_group().log_group_name(name).send().await;
            made.expect("a group");
        }
        let account = stage.account();
        let group = format!("arn:aws:logs:eu-west-1:{account}:log-group:aws-waf-logs-kong");
        let waf = aws_sdk_wafv2::Client::new(stage.config());
        let acl = acl(&stage).await.expect("an ACL");
        Self {
            stage,
            waf,
            acl,
            group,
        }
    }

    fn arn(&self) -> &str {
        self.acl.arn().expect("its ARN")
    }

    /// Has an ACL log to these, without one part of a request.
    async fn put(&self, acl: &str, to: &[&str], without: &FieldToMatch) -> String {
        let mut logging = LoggingConfiguration::builder().resource_arn(acl);
        for destination in to {
            logging = logging.log_destination_configs(*destination);
        }
        let logging = logging.redacted_fields(without.clone()).build();
        let call = self.waf.put_logging_configuration();
        let call = call.logging_configuration(logging.expect("settings"));
        code(call.send().await)
    }

    async fn get(&self) -> Result<LoggingConfiguration, String> {
        let call = self.waf.get_logging_configuration();
        match call.resource_arn(self.arn()).send().await {
            Ok(answer) => Ok(answer.logging_configuration.expect("settings")),
            Err(refused) => Err(code::<(), _>(Err(refused))),
        }
    }

    async fn delete(&self) -> String {
        let call = self.waf.delete_logging_configuration();
        code(call.resource_arn(self.arn()).send().await)
    }
}

fn header(name: &str) -> FieldToMatch {
    let header = SingleHeader::builder().name(name).build();
    let field = FieldToMatch::builder().single_header(header.expect("a header"));
    field.build()
}

#[tokio::test]
async fn an_acl_logs_to_a_group_of_wafs_names() {
    let it = Logged::new().await;
    let (arn, ours, key) = (it.arn(), it.group.as_str(), header("ApiKey"));
    let body = FieldToMatch::builder()
        .body(Body::builder().build())
        .build();
    answers! {
        "too early" => it.put(arn, &[ours], &key).await, "WAFNonexistentItemException";
        "none yet" => it.get().await.expect_err("none"), "WAFNonexistentItemException";
    }
    it.stage.skip(10);
    let acl = arn.replace("kong", "gone");
    let other = ours.replace("aws-waf-logs-", "");
    let gone = ours.replace("kong", "gone");
    answers! {
        "no such ACL" => it.put(&acl, &[ours], &key).await, "WAFNonexistentItemException";
        "another prefix" => it.put(arn, &[&other], &key).await, "WAFInvalidParameterException";
        "two of them" => it.put(arn, &[ours, ours], &key).await, "WAFLimitsExceededException";
        "no such group" => it.put(arn, &[&gone], &key).await, "WAFLogDestinationPermissionIssueException";
        "a body" => it.put(arn, &[ours], &body).await, "WAFInvalidParameterException";
        "accepted" => it.put(arn, &[ours], &header("Cookie")).await, "accepted";
        "put in its place" => it.put(arn, &[ours], &key).await, "accepted";
    }
    let kept = it.get().await.expect("settings");
    assert_eq!(kept.log_destination_configs(), [ours]);
    let redacted = kept.redacted_fields().iter();
    let redacted = redacted.filter_map(|field| Some(field.single_header()?.name()));
    assert_eq!(redacted.collect::<Vec<_>>(), ["apikey"]);
}

#[tokio::test]
async fn an_acl_logs_while_it_is_let_in_and_there() {
    let it = Logged::new().await;
    let (arn, ours, key) = (it.arn(), it.group.as_str(), header("apikey"));
    it.stage.skip(10);
    it.stage
        .put("log-group", "aws-waf-logs-kong", "undeliverable");
    answers! {
        "not let in" => it.put(arn, &[ours], &key).await, "WAFLogDestinationPermissionIssueException";
        "nothing to delete" => it.delete().await, "WAFNonexistentItemException";
    }
    let order = serde_json::json!({"kind": "log-group", "resource": ours, "state": "undeliverable", "for": 30});
    it.stage.order("states", &order);
    it.stage.skip(40);
    answers! {
        "let in by now" => it.put(arn, &[ours], &key).await, "accepted";
        "deleted" => it.delete().await, "accepted";
        "deleted again" => it.delete().await, "WAFNonexistentItemException";
        "again" => it.put(arn, &[&format!("{ours}:*")], &key).await, "accepted";
    }
    let call = it.waf.delete_web_acl().name("kong").scope(Scope::Regional);
    let call = call.id(it.acl.id().expect("its id"));
    let call = call.lock_token(it.acl.lock_token().expect("its token"));
    answers! {
        "an ACL that logs goes" => code(call.send().await), "accepted";
        "and its log with it" => it.get().await.expect_err("none"), "WAFNonexistentItemException";
    }
}
