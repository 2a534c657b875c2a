//! What a stack finds in an account and does not own: hosted zones, certificates, somebody's network.

use aws_config::SdkConfig;
use aws_sdk_acm::primitives::Blob;

/// A public hosted zone; returns its id.
pub(crate) async fn hosted_zone(config: &SdkConfig, domain: &str) -> String {
    let zone = aws_sdk_route53::Client::new(config)
        .create_hosted_zone()
        .name(domain)
        .caller_reference(domain)
        .send()
        .await
        .expect("a hosted zone");
    let id = zone.hosted_zone().expect("a zone").id();
    id.trim_start_matches("/hostedzone/").to_owned()
}

/// An imported certificate for a name; returns its ARN.
pub(crate) async fn certificate(config: &SdkConfig, domain: &str) -> String {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed([domain.to_owned()]).expect("a certificate");
    let imported = aws_sdk_acm::Client::new(config)
        .import_certificate()
        .certificate(Blob::new(cert.pem()))
        .private_key(Blob::new(signing_key.serialize_pem()))
        .send()
        .await
        .expect("an imported certificate");
    imported.certificate_arn().expect("an ARN").to_owned()
}

/// Somebody's network: a VPC, two public and two private subnets with routes out.
pub(crate) struct Network {
    /// The VPC.
    pub(crate) vpc: String,
    /// The public subnets.
    pub(crate) public: Vec<String>,
    /// The private subnets.
    pub(crate) private: Vec<String>,
}

/// Makes a network as a person would have.
pub(crate) async fn network(config: &SdkConfig, zones: [&str; 2]) -> Network {
    let ec2 = aws_sdk_ec2::Client::new(config);
    let vpc = vpc(&ec2).await;
    let gateway = ec2
        .create_internet_gateway()
        .send()
        .await
        .expect("a gateway");
    let gateway = gateway
        .internet_gateway()
        .and_then(|it| it.internet_gateway_id())
        .expect("its id")
        .to_owned();
    ec2.attach_internet_gateway()
        .vpc_id(&vpc)
        .internet_gateway_id(&gateway)
        .send()
        .await
        .expect("attached");
    let (mut public, mut private) = (Vec::new(), Vec::new());
    for (index, zone) in zones.iter().enumerate() {
        public.push(subnet(&ec2, &vpc, zone, &format!("10.9.{index}.0/24")).await);
        private.push(subnet(&ec2, &vpc, zone, &format!("10.9.1{index}.0/24")).await);
    }
    let out = table(&ec2, &vpc, &public).await;
    route(&ec2, &out, Some(&gateway), None).await;
    let nat = nat(&ec2, &public[0]).await;
    let inside = table(&ec2, &vpc, &private).await;
    route(&ec2, &inside, None, Some(&nat)).await;
    Network {
        vpc,
        public,
        private,
    }
}

/// A VPC whose hosts have names, as ECS and Cloud Map need it.
async fn vpc(ec2: &aws_sdk_ec2::Client) -> String {
    let vpc = ec2
        .create_vpc()
        .cidr_block("10.9.0.0/16")
        .send()
        .await
        .expect("a VPC");
    let vpc = vpc
        .vpc()
        .and_then(|vpc| vpc.vpc_id())
        .expect("its id")
        .to_owned();
    let on = || {
        aws_sdk_ec2::types::AttributeBooleanValue::builder()
            .value(true)
            .build()
    };
    ec2.modify_vpc_attribute()
        .vpc_id(&vpc)
        .enable_dns_support(on())
        .send()
        .await
        .expect("an attribute");
    ec2.modify_vpc_attribute()
        .vpc_id(&vpc)
        .enable_dns_hostnames(on())
        .send()
        .await
        .expect("an attribute");
    vpc
}

/// A NAT gateway, once it works.
async fn nat(ec2: &aws_sdk_ec2::Client, subnet: &str) -> String {
    let address = ec2.allocate_address().send().await.expect("an address");
    let nat = ec2.create_nat_gateway().subnet_id(subnet);
    let nat = nat
        .allocation_id(address.allocation_id().expect("its id"))
        .send()
        .await
        .expect("a NAT gateway");
    let nat = nat
        .nat_gateway()
        .and_then(|it| it.nat_gateway_id())
        .expect("its id")
        .to_owned();
    loop {
        let now = ec2
            .describe_nat_gateways()
            .nat_gateway_ids(&nat)
            .send()
            .await
            .expect("its state");
        if now.nat_gateways()[0]
            .state()
            .is_some_and(|state| state.as_str() == "available")
        {
            return nat;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

async fn subnet(ec2: &aws_sdk_ec2::Client, vpc: &str, zone: &str, cidr: &str) -> String {
    let made = ec2
        .create_subnet()
        .vpc_id(vpc)
        .availability_zone(zone)
        .cidr_block(cidr)
        .send()
        .await;
    made.expect("a subnet")
        .subnet()
        .and_then(|it| it.subnet_id())
        .expect("its id")
        .to_owned()
}

async fn table(ec2: &aws_sdk_ec2::Client, vpc: &str, subnets: &[String]) -> String {
    let made = ec2
        .create_route_table()
        .vpc_id(vpc)
        .send()
        .await
        .expect("a route table");
    let table = made
        .route_table()
        .and_then(|it| it.route_table_id())
        .expect("its id")
        .to_owned();
    for subnet in subnets {
        ec2.associate_route_table()
            .route_table_id(&table)
            .subnet_id(subnet)
            .send()
            .await
            .expect("associated");
    }
    table
}

async fn route(ec2: &aws_sdk_ec2::Client, table: &str, gateway: Option<&str>, nat: Option<&str>) {
    let route = ec2
        .create_route()
        .route_table_id(table)
        .destination_cidr_block("0.0.0.0/0");
    let route = route
        .set_gateway_id(gateway.map(str::to_owned))
        .set_nat_gateway_id(nat.map(str::to_owned));
    route.send().await.expect("a route");
}

/// Puts a CNAME into a hosted zone.
pub(crate) async fn record(config: &SdkConfig, zone: &str, name: &str, to: &str) {
    use aws_sdk_route53::types as r53;
    let value = r53::ResourceRecord::builder().value(to).build();
    let set = r53::ResourceRecordSet::builder()
        .name(name)
        .r#type(r53::RrType::Cname)
        .ttl(60)
        .resource_records(value.expect("a value"));
    let change = r53::Change::builder()
        .action(r53::ChangeAction::Upsert)
        .resource_record_set(set.build().expect("a record set"));
    let batch = r53::ChangeBatch::builder().changes(change.build().expect("a change"));
    aws_sdk_route53::Client::new(config)
        .change_resource_record_sets()
        .hosted_zone_id(zone)
        .change_batch(batch.build().expect("a batch"))
        .send()
        .await
        .expect("a record");
}

/// A certificate that ACM has issued for a name of a hosted zone; returns its ARN.
pub(crate) async fn issued(config: &SdkConfig, zone: &str, domain: &str) -> String {
    let acm = aws_sdk_acm::Client::new(config);
    let asked = acm.request_certificate().domain_name(domain);
    let asked = asked
        .validation_method(aws_sdk_acm::types::ValidationMethod::Dns)
        .send()
        .await
        .expect("a request");
    let arn = asked.certificate_arn().expect("an ARN").to_owned();
    loop {
        let seen = acm
            .describe_certificate()
            .certificate_arn(&arn)
            .send()
            .await;
        let seen = seen.expect("a certificate").certificate;
        let seen = seen.expect("a certificate");
        if seen.status() == Some(&aws_sdk_acm::types::CertificateStatus::Issued) {
            return arn;
        }
        if let Some(wanted) = seen.domain_validation_options()[0].resource_record() {
            record(config, zone, wanted.name(), wanted.value()).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
