//! The ingress section: the public name, TLS, and who may connect.

use ipnet::Ipv4Net;
use serde::Deserialize;

use super::waf::Waf;
use crate::spec::value::{self, CertificateArn, DomainName, HostedZone, Refusal, TlsPolicy};

/// The public side of the load balancer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Ingress {
    /// The public name. Default: none; the stack then answers on the load balancer's own name.
    pub(crate) domain: Option<DomainName>,
    /// The Route 53 zone to put the name in, by name or id. Default: none; the record is then somebody else's.
    pub(crate) hosted_zone: Option<HostedZone>,
    /// The certificate for HTTPS. Default: `none`, HTTP only.
    pub(crate) certificate: Certificate,
    /// What port 80 does. Default: `redirect` with a certificate, `forward` without, see [`Ingress::http`].
    pub(crate) http: Option<HttpMode>,
    /// Who may connect. Default: everybody (0.0.0.0/0).
    #[serde(deserialize_with = "value::cidr::list")]
    pub(crate) allow: Vec<Ipv4Net>,
    /// ELB's TLS policy for the HTTPS listener. Default: the one the AWS console proposes, TLS 1.2 and 1.3 with
    /// post-quantum key exchange; the API's own default still is the policy of 2016.
    pub(crate) tls_policy: TlsPolicy,
    /// Whether AWS refuses to delete the load balancer. Default: false. Where the file says `false`, `destroy` switches
    /// off what is on; where it says nothing, somebody else's protection is respected.
    pub(crate) deletion_protection: Option<bool>,
    /// What the load balancer writes down of each request, in a bucket of the stack's own.
    pub(crate) access_logs: AccessLogs,
    /// A firewall in front of the load balancer. Default: none.
    pub(crate) waf: Option<Waf>,
}

/// The load balancer's access logs. Their bucket is encrypted with S3's own keys, whatever `encryption` says: Elastic
/// Load Balancing writes to no other. Logs of the account as a whole (CloudTrail, AWS Config) are the account's to keep.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AccessLogs {
    /// Whether there are any. Default: false.
    pub(crate) enabled: bool,
    /// Days they are kept. Default: 90.
    pub(crate) retention_days: u32,
}

impl Default for AccessLogs {
    fn default() -> Self {
        Self {
            enabled: false,
            retention_days: 90,
        }
    }
}

impl Default for Ingress {
    fn default() -> Self {
        Self {
            domain: None,
            hosted_zone: None,
            certificate: Certificate::None,
            http: None,
            allow: vec![value::cidr::ANYWHERE],
            tls_policy: TlsPolicy::default(),
            deletion_protection: None,
            access_logs: AccessLogs::default(),
            waf: None,
        }
    }
}

impl Ingress {
    /// What port 80 does, as given or as the certificate implies.
    pub(crate) fn http(&self) -> HttpMode {
        self.http.unwrap_or(match self.certificate {
            Certificate::None => HttpMode::Forward,
            Certificate::Issue | Certificate::Arn(_) => HttpMode::Redirect,
        })
    }
}

/// The load balancer's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Certificate {
    /// No HTTPS.
    None,
    /// One that ACM issues for the domain, and that is the stack's own.
    Issue,
    /// A certificate that exists in ACM or IAM.
    Arn(CertificateArn),
}

impl<'de> Deserialize<'de> for Certificate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "none" => Ok(Self::None),
            "issue" => Ok(Self::Issue),
            arn => CertificateArn::parse(arn)
                .map(Self::Arn)
                .map_err(Refusal::into_serde),
        }
    }
}

/// What the listener on port 80 does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum HttpMode {
    /// Sends browsers to HTTPS.
    Redirect,
    /// Serves the gateway in clear text.
    Forward,
    /// There is no listener.
    Off,
}
