//! Cloud Map: namespaces are made and removed by operations, and are held by what is in them.

use aws_sdk_servicediscovery::types::{
    DnsConfig, DnsRecord, FilterCondition, RecordType, ServiceFilter, ServiceFilterName,
};

use super::stage::{Stage, answers, code};

async fn operation(stage: &Stage, id: &str) -> String {
    let seen = stage
        .discovery()
        .get_operation()
        .operation_id(id)
        .send()
        .await;
    let operation = seen.expect("an operation").operation.expect("an operation");
    operation.status().expect("a status").as_str().to_owned()
}

async fn namespace(stage: &Stage, vpc: &str, name: &str) -> String {
    let made = stage
        .discovery()
        .create_private_dns_namespace()
        .name(name)
        .vpc(vpc);
    let id = made
        .send()
        .await
        .expect("an operation")
        .operation_id
        .expect("its id");
    assert!(["SUBMITTED", "PENDING"].contains(&operation(stage, &id).await.as_str()));
    stage.skip(71);
    assert_eq!(operation(stage, &id).await, "SUCCESS");
    let seen = stage
        .discovery()
        .list_namespaces()
        .send()
        .await
        .expect("namespaces");
    let found = seen.namespaces().iter().find(|it| it.name() == Some(name));
    found.and_then(|it| it.id()).expect("its id").to_owned()
}

async fn service(stage: &Stage, namespace: &str, name: &str) -> (String, Option<String>) {
    let record = DnsRecord::builder()
        .r#type(RecordType::A)
        .ttl(10)
        .build()
        .expect("a record");
    let records = DnsConfig::builder()
        .dns_records(record)
        .build()
        .expect("records");
    let made = stage
        .discovery()
        .create_service()
        .name(name)
        .namespace_id(namespace);
    let made = made.dns_config(records).send().await;
    let id = made
        .as_ref()
        .ok()
        .and_then(|it| it.service())
        .and_then(|it| it.id());
    let id = id.map(str::to_owned);
    (code(made), id)
}

#[tokio::test]
async fn names_are_given_once_and_what_is_in_use_stays() {
    let stage = Stage::new();
    let (map, network) = (stage.discovery(), stage.network().await);
    let id = namespace(&stage, &network.vpc, "kong.local").await;
    let (made, config) = service(&stage, &id, "config").await;
    let config = config.expect("its id");
    let again = map
        .create_private_dns_namespace()
        .name("kong.local")
        .vpc(&network.vpc);
    let join = map
        .register_instance()
        .service_id(&config)
        .instance_id("one");
    let join = join
        .attributes("AWS_INSTANCE_IPV4", "10.0.1.9")
        .send()
        .await;
    stage.skip(10);
    let remove = || map.delete_service().id(&config).send();
    answers! {
        "service" => made, "accepted";
        "service again" => service(&stage, &id, "config").await.0, "ServiceAlreadyExists";
        "namespace again" => code(again.send().await), "NamespaceAlreadyExists";
        "instance" => code(join), "accepted";
        "namespace with a service" => code(map.delete_namespace().id(&id).send().await), "ResourceInUse";
        "service with an instance" => code(remove().await), "ResourceInUse";
        "unknown" => code(map.get_namespace().id("ns-0123456789abcdef").send().await), "NamespaceNotFound";
    }
    let leave = map
        .deregister_instance()
        .service_id(&config)
        .instance_id("one")
        .send()
        .await;
    stage.skip(10);
    answers! {
        "leave" => code(leave), "accepted";
        "service" => code(remove().await), "accepted";
    }
    let gone = map
        .delete_namespace()
        .id(&id)
        .send()
        .await
        .expect("an operation");
    stage.skip(71);
    assert_eq!(
        operation(&stage, gone.operation_id().expect("its id")).await,
        "SUCCESS"
    );
    assert!(
        map.list_namespaces()
            .send()
            .await
            .expect("namespaces")
            .namespaces()
            .is_empty()
    );
}

#[tokio::test]
async fn services_are_listed_by_their_namespace() {
    let stage = Stage::new();
    let network = stage.network().await;
    let one = namespace(&stage, &network.vpc, "one.local").await;
    let two = namespace(&stage, &network.vpc, "two.local").await;
    for (space, name) in [(&one, "a"), (&two, "b"), (&two, "c")] {
        assert_eq!(service(&stage, space, name).await.0, "accepted");
    }
    let filter = ServiceFilter::builder().name(ServiceFilterName::NamespaceId);
    let filter = filter.values(&two).condition(FilterCondition::Eq).build();
    let seen = stage
        .discovery()
        .list_services()
        .filters(filter.expect("a filter"));
    let seen = seen.send().await.expect("services");
    let mut names: Vec<_> = seen.services().iter().filter_map(|it| it.name()).collect();
    names.sort_unstable();
    assert_eq!(names, ["b", "c"]);
}
