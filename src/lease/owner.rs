//! Who this process is, for whoever finds its lease in their way.

use std::process::Command;

use super::record::Owner;

/// The variables that hold the address of a pipeline's run: GitLab, Jenkins, Buildkite, CircleCI, AWS CodeBuild.
const RUNS: [&str; 5] = [
    "CI_JOB_URL",
    "BUILD_URL",
    "BUILDKITE_BUILD_URL",
    "CIRCLE_BUILD_URL",
    "CODEBUILD_BUILD_ARN",
];

/// This process, as `variable` (the environment) and the system describe it.
#[must_use]
pub(crate) fn owner(variable: impl Fn(&str) -> Option<String>) -> Owner {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let user = variable("USER").or_else(|| variable("LOGNAME"));
    Owner {
        user: user.unwrap_or_else(|| format!("user {}", rustix::process::getuid().as_raw())),
        host: host().unwrap_or_else(|| "an unknown host".to_owned()),
        process: std::process::id(),
        run: run(variable),
    }
}

fn run(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let github = || {
        let (server, id) = (variable("GITHUB_SERVER_URL")?, variable("GITHUB_RUN_ID")?);
        let repository = variable("GITHUB_REPOSITORY")?;
        Some(format!("{server}/{repository}/actions/runs/{id}"))
    };
    github().or_else(|| RUNS.into_iter().find_map(&variable))
}

/// The machine's name: Linux keeps it in a file, other systems have a command for it.
fn host() -> Option<String> {
    let file = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let command = || {
        let output = Command::new("hostname").output().ok()?;
        String::from_utf8(output.stdout).ok()
    };
    let name = file.or_else(command)?.trim().to_owned();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Owner {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        owner(|name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn a_pipeline_names_its_run() {
        let github = [
            ("USER", "runner"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "acme/gateway"),
            ("GITHUB_RUN_ID", "42"),
            ("BUILD_URL", "https://jenkins.example/1"),
        ];
        let owner = of(&github);
        assert_eq!(owner.user, "runner");
        let run = owner.run.expect("a run");
        assert_eq!(run, "https://github.com/acme/gateway/actions/runs/42");
        let gitlab = of(&[("CI_JOB_URL", "https://gitlab.com/acme/-/jobs/7")]);
        assert_eq!(
            gitlab.run.as_deref(),
            Some("https://gitlab.com/acme/-/jobs/7")
        );
    }

    #[test]
    fn without_any_variable_there_is_still_an_owner() {
        let owner = of(&[("USER", "")]);
        assert!(owner.user.starts_with("user "), "{owner:?}");
        assert!(!owner.host.is_empty());
        assert_eq!(owner.process, std::process::id());
        assert_eq!(owner.run, None);
    }
}
