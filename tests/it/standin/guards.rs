//! Web ACLs: what they are associated with holds them.

use aws_sdk_wafv2::types::{AllowAction, DefaultAction, Scope, VisibilityConfig, WebAclSummary};

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
