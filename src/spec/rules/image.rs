//! Kong's image: pinned, a version that exists and works, and from where the tasks can pull it.

use super::at;
use crate::spec::model::{Egress, StackSpec};
use crate::spec::problem::{Problem, Problems};
use crate::spec::value::ImageRef;

const PATH: &str = "kong.image";

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    if !out.sound(&[PATH]) {
        return;
    }
    let image = &spec.kong.image;
    if image.digest.is_none() {
        match image.tag.as_deref() {
            None => out.add(unpinned(image, "names neither a tag nor a digest")),
            Some("latest") => out.add(unpinned(image, "is whatever was pushed last")),
            Some(_) if image.is_official_kong() => check_version(image, out),
            Some(_) => {}
        }
    } else if image.is_official_kong() && image.version().is_some() {
        check_version(image, out);
    }
    if spec.network.egress == Egress::Endpoints
        && out.sound(&["network.egress", "network.existing"])
    {
        check_reachable(image, spec.region.as_str(), out);
    }
}

fn unpinned(image: &ImageRef, fault: &str) -> Problem {
    Problem::new("image-unpinned", at(PATH), format!("`{image}` {fault}"))
        .because("a task that is replaced would start another version, and a control plane's must match its database")
        .fix("write the version, such as `kong:3.9.3`, or a digest")
}

fn check_version(image: &ImageRef, out: &mut Problems) {
    let problem = match image.version() {
        None => Problem::new(
            "image-version",
            at(PATH),
            format!("the tag of `{image}` says no version"),
        )
        .because("the order of an upgrade depends on the version")
        .fix("write one with major and minor, such as `kong:3.9.3`"),
        Some((major, minor, _)) if (major, minor) > (3, 9) => Problem::new(
            "image-version",
            at(PATH),
            format!("there is no Kong Gateway OSS {major}.{minor}"),
        )
        .because("Kong publishes images of the open-source gateway up to 3.9 only")
        .fix("write `kong:3.9.3`, the last release"),
        Some((major, minor, _)) if major < 3 => Problem::new(
            "image-version",
            at(PATH),
            format!("Kong {major}.{minor} is too old"),
        )
        .because("the load balancer asks `/status/ready`, which releases before 3.0 do not have")
        .fix("write `kong:3.9.3`"),
        Some(_) => return,
    };
    out.add(problem);
}

fn check_reachable(image: &ImageRef, region: &str, out: &mut Problems) {
    let problem = match image.ecr_region() {
        Some(found) if found == region || !out.sound(&["region"]) => return,
        Some(found) => Problem::new("image-unreachable", at(PATH), format!("`{image}` is in {found}, the stack in {region}"))
            .because("the VPC endpoints of `network.egress: endpoints` lead to ECR in the stack's own region only")
            .fix(format!("replicate the repository to {region}")),
        None => {
            let registry = &image.registry;
            Problem::new("image-unreachable", at(PATH), format!("`{image}` cannot be pulled from {registry}"))
                .because("with `network.egress: endpoints` there is no way to the internet, only to private ECR registries")
                .fix(format!(
                    "copy it to ECR and write `ACCOUNT.dkr.ecr.{region}.amazonaws.com/kong:3.9.3`, or take another egress"
                ))
        }
    };
    out.add(problem);
}
