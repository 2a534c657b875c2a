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

#[cfg(test)]
mod tests {
    use crate::spec::rules::table::{accept, refuse};

    #[test]
    fn accepts() {
        accept(&[
            "kong: {image: 'kong:3.9.3'}",
            "kong: {image: 'kong:3.9'}",
            "kong: {image: 'kong:3.0.0-ubuntu'}",
            "kong: {image: 'docker.io/library/kong:3.9.3'}",
            "kong: {image: 'kong@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'}",
            "kong: {image: 'kong:3.9.3@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'}",
            "kong: {image: 'registry.example.com:5000/team/kong:v1'}",
            "network: {egress: endpoints}\nkong: {image: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/kong:3.9.3'}",
        ]);
    }

    const REFUSED: &[(&str, &str)] = &[
        (
            "kong: {image: kong}",
            "image-unpinned kong.image: `kong` names neither a tag nor a digest",
        ),
        (
            "kong: {image: 'kong:latest'}",
            "image-unpinned kong.image: `kong:latest` is whatever was pushed last",
        ),
        (
            "kong: {image: 'ghcr.io/me/kong:latest'}",
            "image-unpinned kong.image: `ghcr.io/me/kong:latest` is whatever was pushed last",
        ),
        (
            "kong: {image: 'kong:ubuntu'}",
            "image-version kong.image: the tag of `kong:ubuntu` says no version",
        ),
        (
            "kong: {image: 'kong:3'}",
            "image-version kong.image: the tag of `kong:3` says no version",
        ),
        (
            "kong: {image: 'kong:3.10'}",
            "image-version kong.image: there is no Kong Gateway OSS 3.10",
        ),
        (
            "kong: {image: 'kong:4.0.0'}",
            "image-version kong.image: there is no Kong Gateway OSS 4.0",
        ),
        (
            "kong: {image: 'kong:3.11.0@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'}",
            "image-version kong.image: there is no Kong Gateway OSS 3.11",
        ),
        (
            "kong: {image: 'kong:2.8.5'}",
            "image-version kong.image: Kong 2.8 is too old",
        ),
        (
            "kong: {image: 'Kong:3.9.3'}",
            "image-format kong.image: `Kong:3.9.3` is not a container image",
        ),
        (
            "kong: {image: 'kong:3.9.3@sha256:12'}",
            "image-format kong.image: `kong:3.9.3@sha256:12` is not a container image",
        ),
        (
            "kong: {image: ''}",
            "image-format kong.image: `` is not a container image",
        ),
        (
            "network: {egress: endpoints}",
            "image-unreachable kong.image: `kong:3.9.3` cannot be pulled from docker.io",
        ),
        (
            "network: {egress: endpoints}\nkong: {image: 'public.ecr.aws/docker/library/kong:3.9.3'}",
            "image-unreachable kong.image: `public.ecr.aws/docker/library/kong:3.9.3` cannot be pulled from public.ecr.aws",
        ),
        (
            "network: {egress: endpoints}\nkong: {image: '123456789012.dkr.ecr.us-east-1.amazonaws.com/kong:3.9.3'}",
            "image-unreachable kong.image: `123456789012.dkr.ecr.us-east-1.amazonaws.com/kong:3.9.3` is in us-east-1, the stack in eu-west-1",
        ),
    ];

    #[test]
    fn refuses() {
        refuse(REFUSED);
    }
}
