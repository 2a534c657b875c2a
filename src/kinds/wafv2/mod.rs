//! WAF: the web ACL in front of the load balancer, the addresses it lets to the Admin API, and what joins the two, and what is
//! written down of it.

mod association;
mod calls;
mod ip_set;
mod log_form;
mod logging;
mod rule;
mod web_acl;

pub(crate) use association::{WebAclAssociation, WebAclAssociationDesired};
pub(crate) use ip_set::{IpSet, IpSetDesired};
pub(crate) use logging::{LoggingConfiguration, LoggingDesired};
pub(crate) use rule::{Rule, Statement};
pub(crate) use web_acl::{WebAcl, WebAclDesired};
