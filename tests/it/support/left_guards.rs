//! What is left of a stack's alarms and of its firewall.

use aws_config::SdkConfig;

const TAG: &str = "kongstack:stack";

/// Alarms, dashboards, topics, web ACLs and IP sets, as `service: id`.
pub(super) async fn guards(config: &SdkConfig, stack: &str) -> Vec<String> {
    let mut found = alarms(config, stack).await;
    found.extend(topics(config, stack).await);
    found.extend(firewalls(config, stack).await);
    found
}

async fn alarms(config: &SdkConfig, stack: &str) -> Vec<String> {
    let watch = aws_sdk_cloudwatch::Client::new(config);
    let alarms = watch
        .describe_alarms()
        .alarm_name_prefix(format!("kongstack/{stack}/"))
        .send()
        .await
        .expect("alarms");
    let alarms = alarms.metric_alarms().iter();
    let mut found: Vec<String> = alarms
        .map(|alarm| format!("cloudwatch: {}", alarm.alarm_name().unwrap_or("?")))
        .collect();
    let boards = watch
        .list_dashboards()
        .dashboard_name_prefix(format!("kongstack-{stack}-"))
        .send()
        .await
        .expect("dashboards");
    let boards = boards.dashboard_entries().iter();
    found.extend(
        boards.map(|board| format!("cloudwatch: {}", board.dashboard_name().unwrap_or("?"))),
    );
    found
}

async fn firewalls(config: &SdkConfig, stack: &str) -> Vec<String> {
    let waf = aws_sdk_wafv2::Client::new(config);
    let regional = aws_sdk_wafv2::types::Scope::Regional;
    let acls = waf.list_web_acls().scope(regional.clone()).send().await;
    let acls = acls.expect("web ACLs").web_acls.unwrap_or_default();
    let sets = waf.list_ip_sets().scope(regional).send().await;
    let sets = sets.expect("IP sets").ip_sets.unwrap_or_default();
    let arns = acls.into_iter().filter_map(|it| it.arn);
    let arns = arns.chain(sets.into_iter().filter_map(|it| it.arn));
    let mut found = Vec::new();
    for arn in arns {
        let tags = waf.list_tags_for_resource().resource_arn(&arn).send().await;
        let info = tags.expect("tags").tag_info_for_resource;
        let tags = info.and_then(|it| it.tag_list).unwrap_or_default();
        if tags
            .iter()
            .any(|tag| tag.key() == TAG && tag.value() == stack)
        {
            found.push(format!("wafv2: {arn}"));
        }
    }
    found
}

async fn topics(config: &SdkConfig, stack: &str) -> Vec<String> {
    let sns = aws_sdk_sns::Client::new(config);
    let mut found = Vec::new();
    for topic in sns.list_topics().send().await.expect("topics").topics() {
        let arn = topic.topic_arn().unwrap_or_default();
        let tags = sns.list_tags_for_resource().resource_arn(arn).send().await;
        let tags = tags.expect("tags");
        if tags
            .tags()
            .iter()
            .any(|tag| tag.key() == TAG && tag.value() == stack)
        {
            found.push(format!("sns: {arn}"));
        }
    }
    found
}

/// The KMS keys that carry the stack's tag, but for those that were given up: they wait for their deletion, or for that of
/// the snapshots that are encrypted with them.
pub(super) async fn keys(config: &SdkConfig, stack: &str) -> Vec<String> {
    let kms = aws_sdk_kms::Client::new(config);
    let listed = kms.list_keys().send().await.expect("keys");
    let mut found = Vec::new();
    for id in listed.keys().iter().filter_map(|key| key.key_id()) {
        let tags = kms.list_resource_tags().key_id(id).send().await;
        let tags = tags.expect("tags").tags.unwrap_or_default();
        let has = |key: &str, value: Option<&str>| {
            let mut named = tags.iter().filter(|tag| tag.tag_key() == key);
            named.any(|tag| value.is_none_or(|value| tag.tag_value() == value))
        };
        if has("kongstack:stack", Some(stack)) && !has("kongstack:kept", None) {
            found.push(format!("kms: {id}"));
        }
    }
    found
}
