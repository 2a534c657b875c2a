//! What other people put into a stack, and take out again.

use aws_config::SdkConfig;
use aws_sdk_ec2::types::{Filter, IpPermission, UserIdGroupPair};
use aws_sdk_ecs::types::{
    AwsVpcConfiguration, Compatibility, ContainerDefinition, LaunchType, NetworkConfiguration,
    NetworkMode,
};
use aws_sdk_elasticloadbalancingv2::types::{LoadBalancerAttribute, TargetDescription};
use serde_json::{Value, json};

/// The parts of a stack that others can get at.
pub(super) struct Stack {
    config: SdkConfig,
    name: &'static str,
    vpc: String,
    subnet: String,
    group: String,
    table: String,
    balancer: String,
    targets: String,
    namespace: String,
    registry: String,
}

/// What was put in, by id.
pub(super) struct Strangers {
    interface: String,
    address: String,
    peer: String,
    peering: String,
    endpoint: String,
    group: String,
    service: String,
    machine: String,
    list: String,
    map: String,
    instance: &'static str,
    route: &'static str,
}

fn named(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

fn one<T>(found: Option<T>) -> T {
    found.expect("one of the stack")
}

impl Stack {
    /// Looks a stack up by its name.
    pub(super) async fn find(config: SdkConfig, name: &'static str) -> Self {
        let ec2 = aws_sdk_ec2::Client::new(&config);
        let elb = aws_sdk_elasticloadbalancingv2::Client::new(&config);
        let map = aws_sdk_servicediscovery::Client::new(&config);
        let of = || named("tag:kongstack:stack", name);
        let vpcs = ec2.describe_vpcs().filters(of()).send().await;
        let vpc = one(one(vpcs.expect("VPCs").vpcs).pop().and_then(|it| it.vpc_id));
        let subnets = ec2.describe_subnets().filters(of()).send().await;
        let subnet = one(one(subnets.expect("subnets").subnets).pop());
        let groups = ec2.describe_security_groups().filters(of());
        let groups = groups.filters(named("group-name", &format!("{name}-dp")));
        let groups = groups.send().await.expect("groups");
        let group = one(one(groups.security_groups).pop());
        let tables = ec2.describe_route_tables().filters(of()).send().await;
        let table = one(one(tables.expect("tables").route_tables).pop());
        let balancers = elb.describe_load_balancers().send().await;
        let balancer = one(one(balancers.expect("balancers").load_balancers).pop());
        let targets = elb.describe_target_groups().send().await.expect("groups");
        let targets = one(one(targets.target_groups).pop());
        let namespaces = map.list_namespaces().send().await.expect("namespaces");
        let services = map.list_services().send().await.expect("services");
        Self {
            vpc,
            subnet: one(subnet.subnet_id),
            group: one(group.group_id),
            table: one(table.route_table_id),
            balancer: one(balancer.load_balancer_arn),
            targets: one(targets.target_group_arn),
            namespace: one(one(namespaces.namespaces).pop().and_then(|it| it.id)),
            registry: one(one(services.services).pop().and_then(|it| it.id)),
            config,
            name,
        }
    }

    fn ec2(&self) -> aws_sdk_ec2::Client {
        aws_sdk_ec2::Client::new(&self.config)
    }

    fn elb(&self) -> aws_sdk_elasticloadbalancingv2::Client {
        aws_sdk_elasticloadbalancingv2::Client::new(&self.config)
    }

    fn ecs(&self) -> aws_sdk_ecs::Client {
        aws_sdk_ecs::Client::new(&self.config)
    }

    fn rds(&self) -> aws_sdk_rds::Client {
        aws_sdk_rds::Client::new(&self.config)
    }

    fn map(&self) -> aws_sdk_servicediscovery::Client {
        aws_sdk_servicediscovery::Client::new(&self.config)
    }

    /// Switches the load balancer's deletion protection.
    pub(super) async fn protect(&self, on: bool) {
        let attribute = LoadBalancerAttribute::builder()
            .key("deletion_protection.enabled")
            .value(on.to_string())
            .build();
        let change = self.elb().modify_load_balancer_attributes();
        let change = change
            .load_balancer_arn(&self.balancer)
            .attributes(attribute);
        change.send().await.expect("an attribute");
    }

    /// Puts a network interface into a subnet, with a group of the stack.
    pub(super) async fn interface(&self) -> (String, String) {
        let made = self
            .ec2()
            .create_network_interface()
            .subnet_id(&self.subnet)
            .groups(&self.group)
            .description("somebody's function");
        let made = made.send().await.expect("an interface");
        let made = one(made.network_interface);
        (one(made.network_interface_id), one(made.private_ip_address))
    }

    pub(super) async fn remove_interface(&self, id: &str) {
        let gone = self.ec2().delete_network_interface();
        let gone = gone.network_interface_id(id).send().await;
        gone.expect("no interface any more");
    }

    /// Somebody who puts an interface into a subnet as soon as the stack's first service is deleted.
    pub(super) fn intrusion(&self) -> Value {
        let parameters = json!({
            "SubnetId": self.subnet, "Groups": [self.group], "Description": "a late function",
        });
        json!({
            "on": {"service": "ecs", "operation": "DeleteService"},
            "call": {"service": "ec2", "operation": "CreateNetworkInterface", "region": "eu-west-1",
                     "parameters": parameters},
        })
    }

    /// Takes that interface out again.
    pub(super) async fn remove_late_interfaces(&self) {
        let which = named("description", "a late function");
        let late = self.ec2().describe_network_interfaces().filters(which);
        let late = late.send().await.expect("interfaces");
        for one in late.network_interfaces() {
            let id = one.network_interface_id().expect("its id");
            self.remove_interface(id).await;
        }
    }

    /// A peering with another VPC, and a route over it.
    async fn peering(&self, route: &str) -> (String, String) {
        let ec2 = self.ec2();
        let peer = ec2.create_vpc().cidr_block("10.77.0.0/16").send().await;
        let peer = one(peer.expect("a VPC").vpc.and_then(|it| it.vpc_id));
        let asked = ec2.create_vpc_peering_connection().vpc_id(&self.vpc);
        let asked = asked.peer_vpc_id(&peer).send().await.expect("a peering");
        let asked = one(asked.vpc_peering_connection);
        let id = one(asked.vpc_peering_connection_id);
        let accept = ec2.accept_vpc_peering_connection();
        let accepted = accept.vpc_peering_connection_id(&id).send().await;
        accepted.expect("accepted");
        let over = ec2.create_route().route_table_id(&self.table);
        let over = over
            .destination_cidr_block(route)
            .vpc_peering_connection_id(&id);
        over.send().await.expect("a route");
        (peer, id)
    }

    /// A security group in the VPC with a rule about the data planes' group.
    async fn other_group(&self) -> String {
        let ec2 = self.ec2();
        let made = ec2.create_security_group().vpc_id(&self.vpc);
        let made = made.group_name("theirs").description("theirs").send().await;
        let id = one(made.expect("a group").group_id);
        let ours = UserIdGroupPair::builder().group_id(&self.group).build();
        let rule = IpPermission::builder()
            .ip_protocol("tcp")
            .from_port(443)
            .to_port(443)
            .user_id_group_pairs(ours)
            .build();
        let open = ec2.authorize_security_group_ingress().group_id(&id);
        open.ip_permissions(rule).send().await.expect("a rule");
        id
    }

    /// A service without tasks in the cluster.
    async fn service(&self) -> String {
        let container = ContainerDefinition::builder()
            .name("theirs")
            .image("nginx")
            .essential(true);
        let task = self
            .ecs()
            .register_task_definition()
            .family("theirs")
            .requires_compatibilities(Compatibility::Fargate)
            .network_mode(NetworkMode::Awsvpc)
            .cpu("256")
            .memory("512")
            .container_definitions(container.build());
        task.send().await.expect("a definition");
        let place = AwsVpcConfiguration::builder().subnets(&self.subnet);
        let place = place.security_groups(&self.group).build();
        let place = NetworkConfiguration::builder()
            .awsvpc_configuration(place.expect("a place"))
            .build();
        let made = self.ecs().create_service().cluster(self.name);
        let made = made
            .service_name("theirs")
            .task_definition("theirs")
            .desired_count(0)
            .launch_type(LaunchType::Fargate)
            .network_configuration(place);
        let made = made.send().await.expect("a service");
        one(made.service.and_then(|it| it.service_arn))
    }

    /// A machine that runs containers in the cluster, from another VPC.
    async fn machine(&self, vpc: &str) -> String {
        let ec2 = self.ec2();
        let subnet = ec2.create_subnet().vpc_id(vpc).cidr_block("10.77.1.0/24");
        let subnet = subnet.send().await.expect("a subnet").subnet;
        let subnet = one(subnet.and_then(|it| it.subnet_id));
        let run = ec2
            .run_instances()
            .image_id("ami-12c6146b")
            .subnet_id(subnet);
        let run = run.min_count(1).max_count(1).send().await;
        let instances = one(run.expect("an instance").instances);
        let id = one(instances.first().and_then(|it| it.instance_id.clone()));
        let made = self.ecs().register_container_instance().cluster(self.name);
        let made = made.instance_identity_document(json!({"instanceId": id}).to_string());
        let made = made.send().await.expect("a container instance");
        let made = made.container_instance;
        let arn = one(made.and_then(|it| it.container_instance_arn));
        one(arn.rsplit('/').next()).to_owned()
    }

    /// A reader in the stack's database cluster.
    async fn reader(&self) {
        let made = self.rds().create_db_instance();
        let made = made
            .db_instance_identifier("theirs")
            .db_cluster_identifier(format!("{}-db", self.name))
            .db_instance_class("db.serverless")
            .engine("aurora-postgresql");
        made.send().await.expect("an instance");
    }

    /// Deletes that reader, and waits until it is gone.
    async fn remove_reader(&self) {
        let rds = self.rds();
        let gone = rds.delete_db_instance().db_instance_identifier("theirs");
        gone.skip_final_snapshot(true)
            .send()
            .await
            .expect("being deleted");
        let look = || rds.describe_db_instances().db_instance_identifier("theirs");
        while look().send().await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// Puts one of everything in.
    pub(super) async fn invade(&self) -> Strangers {
        let ec2 = self.ec2();
        let (route, instance) = ("10.77.0.0/16", "by-hand");
        self.protect(true).await;
        let (interface, address) = self.interface().await;
        let (peer, peering) = self.peering(route).await;
        let endpoint = ec2
            .create_vpc_endpoint()
            .vpc_id(&self.vpc)
            .service_name("com.amazonaws.eu-west-1.dynamodb");
        let endpoint = endpoint.send().await.expect("an endpoint");
        let endpoint = one(endpoint.vpc_endpoint.and_then(|it| it.vpc_endpoint_id));
        let list = ec2.create_network_acl().vpc_id(&self.vpc).send().await;
        let list = one(list.expect("a list").network_acl);
        self.reader().await;
        let target = TargetDescription::builder().id(&address).port(8000);
        let add = self.elb().register_targets();
        let add = add.target_group_arn(&self.targets);
        add.targets(target.build()).send().await.expect("a target");
        let add = self.map().register_instance();
        let add = add.service_id(&self.registry).instance_id(instance);
        let add = add.attributes("AWS_INSTANCE_IPV4", "10.0.0.9");
        add.send().await.expect("an instance");
        let map = self.map().create_service().name("theirs");
        let map = map.namespace_id(&self.namespace).send().await;
        let map = one(map.expect("a service").service.and_then(|it| it.id));
        Strangers {
            group: self.other_group().await,
            service: self.service().await,
            machine: self.machine(&peer).await,
            list: one(list.network_acl_id),
            interface,
            address,
            peer,
            peering,
            endpoint,
            map,
            instance,
            route,
        }
    }

    /// Takes all of it out again.
    pub(super) async fn leave(&self, strangers: &Strangers) {
        let ec2 = self.ec2();
        self.protect(false).await;
        let target = TargetDescription::builder().id(&strangers.address);
        let out = self.elb().deregister_targets();
        let out = out.target_group_arn(&self.targets);
        let out = out.targets(target.port(8000).build()).send().await;
        out.expect("no target");
        self.remove_interface(&strangers.interface).await;
        let out = ec2.delete_route().route_table_id(&self.table);
        let out = out.destination_cidr_block(strangers.route).send().await;
        out.expect("no route");
        let out = ec2.delete_vpc_peering_connection();
        let out = out.vpc_peering_connection_id(&strangers.peering);
        out.send().await.expect("no peering");
        let out = ec2.delete_vpc_endpoints();
        let out = out.vpc_endpoint_ids(&strangers.endpoint).send().await;
        out.expect("no endpoint");
        let out = ec2.delete_security_group().group_id(&strangers.group);
        out.send().await.expect("no group");
        let out = self.map().deregister_instance();
        let out = out.service_id(&self.registry);
        let out = out.instance_id(strangers.instance).send().await;
        out.expect("no instance");
        let out = self.map().delete_service().id(&strangers.map).send().await;
        out.expect("no service");
        let out = self.ecs().delete_service().cluster(self.name);
        let out = out.service("theirs").force(true).send().await;
        out.expect("no service");
        let out = self.ecs().deregister_container_instance();
        let out = out.cluster(self.name).force(true);
        let out = out.container_instance(&strangers.machine).send().await;
        out.expect("no container instance");
        let out = ec2.delete_network_acl().network_acl_id(&strangers.list);
        out.send().await.expect("no list");
        self.remove_reader().await;
    }
}

impl Strangers {
    /// What must be named of each, in words that no other blocker has.
    pub(super) fn names(&self) -> Vec<String> {
        vec![
            "is protected against deletion".to_owned(),
            format!("network interface {} (somebody's function", self.interface),
            format!("VPC peering {} with {}", self.peering, self.peer),
            format!("the route to {} over {}", self.route, self.peering),
            format!("VPC endpoint {}", self.endpoint),
            format!("a rule of security group {} (theirs) names", self.group),
            format!("security group {}", self.group),
            format!("{} is a target of", self.address),
            format!("instance {} is registered", self.instance),
            format!("the service theirs ({}) in namespace", self.map),
            format!("the service {} runs in it", self.service),
            format!(
                "the container instance {} is registered in it",
                self.machine
            ),
            format!("network access list {}", self.list),
            "the DB instance theirs is in the cluster".to_owned(),
        ]
    }
}
