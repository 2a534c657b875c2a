//! AWS Certificate Manager: the certificate of the public name.

mod calls;
pub(crate) mod certificate;
mod state;

pub(crate) use calls::{MARK, ended, mark, read};
pub(crate) use certificate::{Certificate, CertificateDesired};
pub(crate) use state::{CertificateLive, Status};
