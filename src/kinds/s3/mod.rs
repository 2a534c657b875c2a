//! S3: the bucket that the load balancer's access logs go to.

pub(crate) mod bucket;
mod contents;
mod look;
mod settings;

pub(crate) use bucket::Bucket;
