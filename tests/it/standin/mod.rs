//! The simulation answers as AWS does: what these tests say of it is what it is meant to be.
//!
//! They talk to it through the SDK alone and move its clock by hand, so they wait for nothing. The figures are AWS's:
//! a state is looked at before the shortest and after the longest time that AWS was seen to take.
//!
//! Where the simulator underneath differs from AWS, and the test that holds the difference down:
//!
//! | what AWS does | module | test |
//! | --- | --- | --- |
//! | NAT gateways take minutes to come and go; their addresses, subnets and ways out stay; unknown ones are unknown | `networks` | `a_nat_gateway_takes_minutes…` |
//! | what is referenced, worn or attached cannot be deleted | `networks` | `what_something_else_needs…` |
//! | interfaces of load balancers and endpoints outlive them | `balancers`, `networks` | `…its_interfaces_outlive_it`, `an_endpoint_has_interfaces…` |
//! | tasks and databases hold their subnets and groups | `tasks`, `rollouts`, `databases` | `a_task_starts…`, `a_service_drains…`, `an_instance_holds…` |
//! | pages; `DryRun` | `networks` | `long_lists_come_in_pages`, `a_dry_run_changes_nothing` |
//! | rules that name a group are revoked | `networks` | `a_rule_that_names_a_group…` |
//! | load balancers: subnets, zones, names, minutes, protection | `balancers` | `a_load_balancer_…`, `a_protected_load_balancer_stays` |
//! | buckets: accounts, regions, what they begin with, and who may log to them | `buckets` | all |
//! | listeners: certificates, ports | `balancers` | `listeners_rules_and_groups…` |
//! | subnet groups, versions, capacities, duplicates | `databases` | `what_a_cluster_cannot_be_is_refused` |
//! | versions tell their least capacity | `databases` | `versions_are_listed…` |
//! | clusters and instances take their time, and refuse meanwhile | `databases` | `clusters_and_instances_take_their_time…` |
//! | a word on the snapshot; managed secrets go along | `databases` | `a_cluster_goes_unprotected…`, `a_final_snapshot…` |
//! | sizes, target groups, duplicate services | `tasks`, `rollouts` | `a_task_needs_a_possible_size…`, `a_service_drains…` |
//! | circuit breaker and command access are kept | `rollouts` | `what_is_asked_of_a_service_is_kept` |
//! | tasks, targets, instances, deployments, events | `rollouts`, `failed_rollouts` | `a_rollout_is_followed…`, all of `failed_rollouts` |
//! | tasks that stop, with code, reason and log | `tasks` | `a_task_starts_runs_and_stops…` |
//! | clusters with services; services that drain | `rollouts` | `a_service_drains…` |
//! | Cloud Map: duplicates, filters, in use, operations | `discovery`, `states` | `names_are_given_once…`, `services_are_listed…` |
//! | Route 53: references, records, `INSYNC` | `names` | `a_reference_and_a_record…` |
//! | roles: some seconds, and trust that makes sense | `tasks`, `states`, `keepers` | `…a_role_with_some_age…`, `a_trust_policy…` |
//! | retention in the lengths there are; groups that are protected | `keepers` | `logs_are_kept…`, `a_protected_log_group…` |
//! | export tasks: who may write, one at a time, minutes, and failures | `exports` | `an_export_…` |
//! | rules fire by the clock | `exports` | `a_rule_with_a_schedule…` |
//! | executions of Standard machines are kept, and end with their machine | `exports` | `executions_of_a_standard…` |
//! | keys that are disabled or wait for their deletion; what is encrypted with them | `keys` | all |
//! | secrets' names that wait for their deletion | `keepers` | `a_name_that_waits…` |
//! | web ACLs, IP sets | `guards` | `an_acl_protects…`, `an_ip_set_has…` |
//! | web ACLs log to groups of WAF's names, if they are let in | `guards` | `an_acl_logs…` |
//! | the tagging API lists all but roles | `tagged` | `the_tagging_api_lists…` |
//! | certificates are issued for their record | `names` | `a_certificate_is_issued…` |
//! | schedules fire, state machines act | `timers` | all |
//! | tables take seconds, and refuse meanwhile | `tables` | all |
//! | alarms without data at first, tagged once, in pages; dashboards | `watching` | `an_alarm_has_no_data…`, `alarms_come_in_pages…`, `a_dashboard_is…` |
//! | mail that has to be confirmed | `watching` | `mail_has_to_be_confirmed` |
//! | prices | `tagged` | `the_price_list_answers` |
//! | a gateway that answers: names, ports, TLS, listeners and their rules | `gateway` | all |
//!
//! What goes wrong on demand is tested in `faults` (calls that fail), `states` (resources that fail), `failed_rollouts`
//! (tasks that fail) and `late` (reads that are late, and somebody else's calls).

mod balancers;
mod buckets;
mod databases;
mod discovery;
mod exports;
mod failed_rollouts;
mod faults;
mod fleet;
pub(crate) mod gateway;
mod guards;
mod keepers;
mod keys;
mod late;
mod machines;
mod names;
mod networks;
mod rollouts;
mod stage;
mod states;
mod tables;
mod tagged;
mod tasks;
mod timers;
mod watching;
