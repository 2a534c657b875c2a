//! What to do about tasks that do not come to run, told from ECS's own words.

/// Words of ECS, in lower case, all of which must be there, and what to do.
const REMEDIES: [(&[&str], &str); 9] = [
    (
        &["outofmemory"],
        "the container needs more memory than its task has: raise `memory` in the spec",
    ),
    (
        &["cannotpullcontainererror", "not found"],
        "the registry does not have this image: correct kong.image in the spec",
    ),
    (
        &["cannotpullcontainererror", "toomanyrequests"],
        "the registry wants fewer pulls from this address: wait, or copy the image to a registry of your own and name that in kong.image",
    ),
    (
        &["cannotpullcontainererror"],
        "see that the image can be pulled from the tasks' subnets: is there a way out, and may the execution role read the registry?",
    ),
    (
        &["pull secrets", "connection issue"],
        "the tasks' subnets have no way to Secrets Manager: see to a NAT gateway or an endpoint",
    ),
    (
        &["retrieve secret"],
        "see that the secret is there and that the execution role may read it; a plan shows what was changed by hand",
    ),
    (
        &["logger args"],
        "see that the log group is there and that the execution role may write to it; a plan shows what was changed by hand",
    ),
    (
        &["capacity is unavailable"],
        "Fargate has no room in that zone just now: run it again later, or give the stack more zones",
    ),
    (
        &["health checks"],
        "the node starts but does not become ready: its log says what it lacks",
    ),
];

/// What to do, by what ECS said of the tasks; nothing when its words are not known.
pub(crate) fn remedy(said: &[String]) -> Option<String> {
    let said = said.join("\n").to_lowercase();
    let fits = |words: &[&str]| words.iter().all(|word| said.contains(word));
    let found = REMEDIES.iter().find(|(words, _)| fits(words))?;
    Some(format!("what to do: {}", found.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_ecs_say_what_to_do() {
        for (said, what) in [
            (
                "container kong: exit code 137, OutOfMemoryError: Container killed due to memory usage",
                Some("memory"),
            ),
            (
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/library/kong:9.9.9: not found",
                Some("kong.image"),
            ),
            (
                "CannotPullContainerError: The task cannot pull kong:3.9 from the registry: dial tcp: i/o timeout",
                Some("way out"),
            ),
            (
                "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret from asm: AccessDeniedException",
                Some("execution role"),
            ),
            (
                "was unable to place a task. Reason: Capacity is unavailable at this time.",
                Some("zone"),
            ),
            (
                "Task failed ELB health checks in (target-group/x)",
                Some("ready"),
            ),
            ("Essential container in task exited", None),
        ] {
            let found = remedy(&[said.to_owned()]);
            assert_eq!(found.is_some(), what.is_some(), "{said}");
            let told = found.unwrap_or_default();
            assert!(told.contains(what.unwrap_or("")), "{said}: {told}");
        }
    }
}
