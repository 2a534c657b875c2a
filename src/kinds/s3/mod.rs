//! S3: the bucket that the load balancer's access logs go to, and the log groups' archive.

pub(crate) mod bucket;
mod contents;
mod look;
mod settings;

pub(crate) use bucket::{Bucket, Retention};
