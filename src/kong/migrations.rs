//! What a migrations task runs, what its exit code says of the schema, and whether its failure is worth another try.
//!
//! The scripts are for the image's `sh`. Whatever was run, `kong migrations list` has the last word: `bootstrap`, `up`
//! and `finish` exit with 0 as well after they lost the lock to another node and did nothing, and `bootstrap` after an
//! earlier one broke half-way. `bootstrap` never gets `-f`: it would reset the database.

use super::admin_route::{AdminRoute, ID_OF, ID_PARTS};
use super::schema_state::{SchemaState, TORN};

/// The environment variable that ECS fills with the admin key.
pub(crate) const KEY_VARIABLE: &str = "KONGSTACK_ADMIN_KEY";

/// The exit code for a key that cannot be a part of the document.
pub(crate) const BAD_KEY: i32 = 64;

/// What a person should know of [`BAD_KEY`].
pub(crate) const BAD_KEY_MEANS: &str =
    "the admin key is empty or has characters other than letters, digits and `. _ ~ + / = -`";

/// Where the document with the key lies, in the task's own file system and as long as the task lives.
const FILE: &str = "/tmp/kongstack-admin-route.json";

/// Where the hash of the key lies beside it.
const HASH: &str = "/tmp/kongstack-admin-key.sha256";

/// Where the answer of `kong migrations list` lies, in the task's own file system.
const LIST: &str = "/tmp/kongstack-schema";

/// What is said above new migrations.
const NEW: &str = "New migrations available";

/// What a task has to do to a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work<'a> {
    /// Bring an empty or half-made schema to the image's version, while no node uses it, and import the route.
    Install(&'a AdminRoute),
    /// Bring the schema to where old and new nodes can both use it.
    Up,
    /// Finish what is pending while no node at all uses the database, whatever is new besides.
    Clear,
    /// Import the route.
    Import(&'a AdminRoute),
    /// Remove what only old nodes needed; there are none any more.
    Finish,
    /// Look.
    List,
}

impl Work<'_> {
    /// The command of the container.
    pub(crate) fn command(self) -> Vec<String> {
        vec!["sh".to_owned(), "-c".to_owned(), self.script()]
    }

    /// The state it leaves, if the exit code of its task says that it is done.
    ///
    /// `up` is done as well when it was kept from its work by pending migrations: what becomes of those is for others
    /// to say.
    #[must_use]
    pub(crate) fn done(self, exit_code: Option<i32>) -> Option<SchemaState> {
        use SchemaState::{Clean, New, Pending, Torn};
        let accepted: &[SchemaState] = match self {
            Self::Install(_) | Self::Finish => &[Clean],
            Self::Up => &[Clean, Pending, Torn],
            Self::Clear => &[Clean, New],
            // It runs no `list`: 0 is its own success.
            Self::Import(_) => &[Clean],
            Self::List => return SchemaState::of(exit_code),
        };
        SchemaState::of(exit_code).filter(|state| accepted.contains(state))
    }

    /// What it is called to a person.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Install(_) => "kong migrations bootstrap, up, finish; kong config db_import",
            Self::Up => "kong migrations up",
            Self::Import(_) => "kong config db_import",
            Self::Clear | Self::Finish => "kong migrations finish",
            Self::List => "kong migrations list",
        }
    }

    fn script(self) -> String {
        let mut lines = vec!["set -eu".to_owned()];
        match self {
            Self::Install(route) => {
                // A bootstrap that broke half-way succeeds the next time and leaves the rest: pending migrations,
                // which `up` refuses, and new ones.
                lines.extend(["bootstrap", "finish", "up", "finish"].map(kong_migrations));
                lines.extend(judge());
                lines.extend(import(route));
            }
            // `up` refuses a database on which it ran before and `finish` did not.
            Self::Up => {
                lines.push("kong migrations up || true".to_owned());
                lines.extend(judge());
            }
            Self::Import(route) => lines.extend(import(route)),
            Self::Clear | Self::Finish => {
                lines.push(kong_migrations("finish"));
                lines.extend(judge());
            }
            Self::List => lines.extend(judge()),
        }
        lines.join("\n")
    }
}

/// Lists the migrations, and ends with what the list says unless all is well.
fn judge() -> Vec<String> {
    vec![
        "code=0".to_owned(),
        format!("kong migrations list > {LIST} 2>&1 || code=$?"),
        format!("cat {LIST}"),
        format!("[ \"$code\" != 4 ] || ! grep -q '{NEW}' {LIST} || code={TORN}"),
        "[ \"$code\" = 0 ] || exit \"$code\"".to_owned(),
    ]
}

fn kong_migrations(action: &str) -> String {
    format!("kong migrations {action}")
}

/// Writes the document and imports it. The key comes from the environment and only the shell itself touches it: `[` and
/// `printf` are built in, so it is never an argument of a process, and nothing prints it.
fn import(route: &AdminRoute) -> Vec<String> {
    let key = KEY_VARIABLE;
    let [before, between, after] = route.pieces();
    let mut lines = vec![
        "umask 077".to_owned(),
        format!("[ -n \"${key}\" ] || exit {BAD_KEY}"),
        // Cut behind its first character that is not allowed, it is still the same: there is none.
        format!("[ \"${{{key}#*[!A-Za-z0-9._~+/=-]}}\" = \"${key}\" ] || exit {BAD_KEY}"),
        format!("printf '%s' {} > {FILE}", quoted(&before)),
        format!("printf '%s' \"{ID_OF}${key}\" | sha256sum > {HASH}"),
    ];
    lines.extend(credential_id());
    lines.extend([
        format!("printf '%s' {} >> {FILE}", quoted(&between)),
        format!("printf '%s' \"${key}\" >> {FILE}"),
        format!("printf '%s' {} >> {FILE}", quoted(&after)),
        format!("kong config db_import {FILE}"),
    ]);
    lines
}

/// Appends the credential's id, cut out of the key's hash as [`credential_id`](super::admin_route::credential_id) does.
fn credential_id() -> Vec<String> {
    let mut lines = Vec::new();
    let mut from = 1;
    for length in ID_PARTS {
        if from > 1 {
            lines.push(format!("printf '%s' - >> {FILE}"));
        }
        let to = from + length - 1;
        lines.push(format!("cut -c {from}-{to} {HASH} | tr -d '\\n' >> {FILE}"));
        from = to + 1;
    }
    lines
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Whether what a failed task said may be over by the next try: a name that did not resolve in time, a database that
/// is waking up, an image or a secret that could not be fetched just then.
pub(crate) fn is_transient(reasons: &[String]) -> bool {
    const LASTING: [&str; 5] = [
        "not found",
        "manifest unknown",
        "does not exist",
        "password authentication failed",
        "invalid reference format",
    ];
    const PASSING: [&str; 14] = [
        "cannotpullcontainererror",
        "resourceinitializationerror",
        "capacity is unavailable",
        "tasknotstarted",
        "network interface",
        "dns",
        "timeout",
        "timed out",
        "connection refused",
        "connection reset",
        "could not connect",
        "the database system is",
        "closed",
        "another node is performing",
    ];
    let said = |words: &[&str]| {
        reasons.iter().any(|reason| {
            let reason = reason.to_lowercase();
            words.iter().any(|word| reason.contains(word))
        })
    };
    said(&PASSING) && !said(&LASTING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kong::admin_route::credential_id;

    fn route() -> AdminRoute {
        AdminRoute {
            host: "config.kong.local".to_owned(),
            path: "/kong-admin".to_owned(),
            allow: Vec::new(),
            rate_limit: 60,
            key_source: "generate".to_owned(),
        }
    }

    fn every_script() -> Vec<String> {
        let route = route();
        [
            Work::Install(&route),
            Work::Up,
            Work::Clear,
            Work::Import(&route),
            Work::Finish,
            Work::List,
        ]
        .map(Work::script)
        .to_vec()
    }

    #[test]
    fn nothing_is_ever_forced_or_reset() {
        for script in every_script() {
            for word in script.split_whitespace() {
                assert!(!["-f", "--force", "reset"].contains(&word), "{script}");
            }
        }
    }

    #[test]
    fn only_the_shell_itself_touches_the_key() {
        for script in every_script() {
            for line in script.lines().filter(|line| line.contains(KEY_VARIABLE)) {
                let into_file = line.starts_with("printf '%s' ") && line.ends_with(FILE);
                let into_hash = line.starts_with("printf '%s' ")
                    && line.ends_with(&format!("\" | sha256sum > {HASH}"));
                let tested = line.starts_with("[ ") && line.ends_with("|| exit 64");
                assert!(into_file || into_hash || tested, "{line}");
                assert!(!into_file || !line.contains('|'), "{line}");
            }
        }
    }

    #[test]
    fn a_real_shell_splices_the_key_and_refuses_a_bad_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("route.json");
        let hash = folder.path().join("key.sha256");
        let lines: Vec<String> = import(&route())
            .iter()
            .filter(|line| !line.starts_with("kong "))
            .map(|line| line.replace(FILE, &file.to_string_lossy()))
            .map(|line| line.replace(HASH, &hash.to_string_lossy()))
            .collect();
        let run = |key: &str| {
            let mut shell = std::process::Command::new("sh");
            let shell = shell.args(["-c", &format!("set -eu\n{}", lines.join("\n"))]);
            let done = shell.env(KEY_VARIABLE, key).output().expect("a shell");
            assert!(done.stdout.is_empty() && done.stderr.is_empty());
            done.status.code()
        };
        assert_eq!(run("Ab-1._~+/="), Some(0));
        let written = std::fs::read_to_string(&file).expect("a document");
        let document: serde_json::Value = serde_json::from_str(&written).expect("JSON");
        let credential = document.pointer("/consumers/0/keyauth_credentials/0");
        let expected = serde_json::json!({"id": credential_id("Ab-1._~+/="), "key": "Ab-1._~+/="});
        assert_eq!(credential, Some(&expected));
        for bad in ["", "a\"b", "a\\b", "a b", "$(id)", "a\nb"] {
            assert_eq!(run(bad), Some(BAD_KEY), "{bad:?}");
        }
    }

    #[test]
    fn an_installation_ends_with_a_clean_list_and_the_import() {
        let script = Work::Install(&route()).script();
        let kong: Vec<&str> = script.lines().filter(|l| l.starts_with("kong ")).collect();
        assert_eq!(
            kong,
            [
                "kong migrations bootstrap",
                "kong migrations finish",
                "kong migrations up",
                "kong migrations finish",
                "kong migrations list > /tmp/kongstack-schema 2>&1 || code=$?",
                "kong config db_import /tmp/kongstack-admin-route.json",
            ]
        );
    }

    #[test]
    fn an_upgrade_leaves_what_old_nodes_need() {
        assert!(!Work::Up.script().contains("finish"));
    }

    #[test]
    fn a_state_is_enough_for_some_work_and_not_for_other() {
        let route = route();
        for (work, codes) in [
            (Work::Install(&route), &[0][..]),
            (Work::Up, &[0, 4, 6]),
            (Work::Clear, &[0, 5]),
            (Work::Import(&route), &[0]),
            (Work::Finish, &[0]),
        ] {
            let done = (0..130).filter(|code| work.done(Some(*code)).is_some());
            assert_eq!(done.collect::<Vec<_>>(), codes, "{work:?}");
            assert_eq!(work.done(None), None);
        }
    }

    /// Runs a script with a `kong` of its own, which says `list` and exits with `code` for `migrations list`.
    fn judged(work: Work<'_>, list: &str, code: i32) -> Option<i32> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("schema");
        let script = work.script().replace(LIST, &file.to_string_lossy());
        let kong = format!(
            "kong() {{ [ \"$2\" = list ] || return 0; echo '{list}' >&2; return {code}; }}\n{script}"
        );
        let mut shell = std::process::Command::new("sh");
        shell
            .args(["-c", &kong])
            .output()
            .expect("a shell")
            .status
            .code()
    }

    #[test]
    fn a_real_shell_ends_as_the_list_says() {
        for work in [Work::Up, Work::Clear, Work::Finish, Work::List] {
            for code in [0, 1, 3, 4, 5] {
                assert_eq!(judged(work, "Pending migrations:", code), Some(code));
            }
            assert_eq!(judged(work, NEW, 4), Some(6), "{work:?}");
            assert_eq!(judged(work, NEW, 5), Some(5), "{work:?}");
        }
    }

    #[test]
    fn a_script_fits_into_what_ecs_takes() {
        // ECS takes 8192 characters of overrides in all; an allow-list needs room as well.
        assert!(Work::Install(&route()).script().len() < 3000);
    }

    #[test]
    fn quotes_cannot_end_a_quoted_text() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for (reason, again) in [
            (
                "Error: [PostgreSQL error] failed to retrieve PostgreSQL server_version_num: timeout",
                true,
            ),
            (
                "Error: [cosocket] DNS resolution failed: dns server error: 3 name error",
                true,
            ),
            ("FATAL: the database system is starting up", true),
            ("CannotPullContainerError: pull access: i/o timeout", true),
            (
                "CannotPullContainerError: docker.io/library/kong:9.9: not found",
                false,
            ),
            (
                "ERROR: relation \"workspaces\" violates a constraint",
                false,
            ),
            (
                "FATAL: password authentication failed for user \"kong\" after timeout",
                false,
            ),
        ] {
            assert_eq!(is_transient(&[reason.to_owned()]), again, "{reason}");
        }
    }
}
