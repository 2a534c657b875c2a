//! Leases in words: who has one, what is waited for, how one was lost.

use std::time::{Duration, SystemTime};

use super::duration::short;
use super::failure::Failure;
use super::style::{HINT, STRONG, paint};
use super::unfinished::LATE;
use super::wrap::hang;
use crate::lease::{Lease, Loss, Owner, Wait};

/// The failure that somebody else has the lease. `flags` are those that name the stack.
pub(crate) fn locked(lease: &Lease, region: &str, flags: &str) -> Failure {
    let stack = &lease.stack;
    let failure = Failure::new(format!(
        "the stack `{stack}` in {region} is locked; nothing has been changed"
    ))
    .because(holding(lease));
    pipeline(failure, lease)
        .hint("wait for it with --lock-timeout, such as `--lock-timeout 10m`")
        .hint(format!(
            "a run that is dead no longer renews its lease, and the next run takes it over once it has expired; `kongstack unlock{flags}` breaks it at once"
        ))
}

/// The failure that the lease was lost before anything was changed.
pub(crate) fn lost_before(loss: &Loss) -> Failure {
    Failure::new("the lease on the stack was lost; nothing has been changed")
        .because(lost(loss))
        .hint("run the same command again")
}

/// The failure that the lease was lost while a task was at work, which goes on by itself.
pub(crate) fn lost_meanwhile(loss: &Loss) -> Failure {
    Failure::new("the lease on the stack was lost; the task that was begun goes on by itself")
        .because(lost(loss))
        .hint("see what came of it before anything else is done: `kongstack migrate list`")
}

/// The failure that a lease has changed since it was shown.
pub(crate) fn alive(lease: Option<&Lease>) -> Failure {
    let failure = Failure::new("the lease has changed since it was shown; it is left alone");
    match lease {
        Some(lease) => failure
            .because(holding(lease))
            .hint("it is being renewed: let that run finish, or interrupt it where it runs"),
        None => failure.because("it has been given back"),
    }
}

/// How a lease was lost.
pub(super) fn lost(loss: &Loss) -> String {
    match loss {
        Loss::Taken(lease) => holding(lease),
        Loss::Removed => "somebody has removed it, as `kongstack unlock` does".to_owned(),
        Loss::Silence(None) => "it could not be renewed in time".to_owned(),
        Loss::Silence(Some(error)) => format!("it could not be renewed in time: {error}"),
    }
}

/// What is said when a run begins to wait.
#[must_use]
pub(crate) fn waiting(wait: Wait<'_>, patience: Duration, width: usize) -> String {
    let text = match wait {
        Wait::Holder(lease) => format!(
            "waiting up to {} for the other run: {}",
            short(patience),
            holding(lease)
        ),
        Wait::Proof(lease, silence) => format!(
            "the lease in the way, {}, seems to be a dead run's: watching it for {} to be sure",
            taken(lease),
            short(silence)
        ),
    };
    format!("{} {}\n", paint(HINT, "lock:"), hang(&text, width, 6))
}

/// What is said when a dead run's lease was taken over.
#[must_use]
pub(crate) fn taken_over(lease: &Lease, width: usize) -> String {
    let text = format!("took over the dead lease {}", taken(lease));
    format!("{} {}\n", paint(HINT, "lock:"), hang(&text, width, 6))
}

/// What is said when a lease could not be given back.
#[must_use]
pub(crate) fn not_given_back(reason: &str, after: Duration, width: usize) -> String {
    let text = format!(
        "the stack's lease could not be given back ({reason}); it expires by itself within {}",
        short(after)
    );
    format!("{} {}\n", paint(HINT, "lock:"), hang(&text, width, 6))
}

/// What is said when a lease has been broken that its run would have let expire.
#[must_use]
pub(crate) fn broken(width: usize) -> String {
    format!("{} {}\n", paint(HINT, "hint:"), hang(LATE, width, 6))
}

/// A lease before it is broken.
#[must_use]
pub(crate) fn lease(lease: &Lease, region: &str, now: SystemTime, width: usize) -> String {
    let mut text = format!(
        "The lease on the stack `{}` in {region}:\n",
        paint(STRONG, &lease.stack)
    );
    let expiry = if lease.has_expired(now) {
        format!("{} (expired)", time(lease.expires_at))
    } else {
        format!("{} unless it is renewed", time(lease.expires_at))
    };
    let mut rows = vec![
        ("held by", whom(&lease.owner)),
        ("for", lease.purpose.clone()),
        ("since", time(lease.taken_at)),
        ("until", expiry),
    ];
    rows.extend(lease.owner.run.clone().map(|run| ("run", run)));
    for (name, value) in rows {
        text += &format!("  {name:<9}{}\n", hang(&value, width, 11));
    }
    if !lease.has_expired(now) {
        let warning = "It has not expired, so that run may be at work. If it is, breaking its lease stops it half-way.";
        text += &format!("{} {}\n", paint(HINT, "warning:"), hang(warning, width, 9));
    }
    text
}

/// `ann on build-7 (process 12) holds its lease for `apply`, taken at …, valid until … unless renewed`.
fn holding(lease: &Lease) -> String {
    format!(
        "{} holds its lease for `{}`, taken at {}, valid until {} unless renewed",
        whom(&lease.owner),
        lease.purpose,
        time(lease.taken_at),
        time(lease.expires_at)
    )
}

/// `of ann on build-7 (process 12), taken for `apply` at …`.
fn taken(lease: &Lease) -> String {
    format!(
        "of {}, taken for `{}` at {}",
        whom(&lease.owner),
        lease.purpose,
        time(lease.taken_at)
    )
}

fn pipeline(failure: Failure, lease: &Lease) -> Failure {
    match &lease.owner.run {
        Some(run) => failure.because(format!("the run is {run}")),
        None => failure,
    }
}

fn whom(owner: &Owner) -> String {
    let Owner {
        user,
        host,
        process,
        run: _,
    } = owner;
    format!("{user} on {host} (process {process})")
}

fn time(at: SystemTime) -> String {
    humantime::format_rfc3339_seconds(at).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lease::tests::sample;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn a_lease_in_the_way_is_somebodys() {
        let text = locked(&sample(), "eu-west-1", " -f other.yaml").render(80);
        insta::assert_snapshot!(plain(&text), @r"
        error: the stack `kong-gw` in eu-west-1 is locked; nothing has been changed
          because: ann on build-7 (process 4711) holds its lease for `apply`, taken at
                   2026-05-01T10:00:00Z, valid until 2026-05-01T10:01:30Z unless renewed
          because: the run is https://ci.example.com/runs/42
        hint: wait for it with --lock-timeout, such as `--lock-timeout 10m`
        hint: a run that is dead no longer renews its lease, and the next run takes it
              over once it has expired; `kongstack unlock -f other.yaml` breaks it at
              once
        ");
    }

    #[test]
    fn a_lease_is_shown_before_it_is_broken() {
        let lease_of = sample();
        let before = lease(&lease_of, "eu-west-1", lease_of.taken_at, 80);
        insta::assert_snapshot!(plain(&before), @r"
        The lease on the stack `kong-gw` in eu-west-1:
          held by  ann on build-7 (process 4711)
          for      apply
          since    2026-05-01T10:00:00Z
          until    2026-05-01T10:01:30Z unless it is renewed
          run      https://ci.example.com/runs/42
        warning: It has not expired, so that run may be at work. If it is, breaking its
                 lease stops it half-way.
        ");
        let after = lease(&lease_of, "eu-west-1", lease_of.expires_at, 80);
        assert!(!after.contains("warning"), "{after}");
        assert!(after.contains("(expired)"), "{after}");
    }

    #[test]
    fn waits_and_their_ends_have_words() {
        let lease = sample();
        let minute = Duration::from_secs(60);
        let text = [
            waiting(Wait::Holder(&lease), minute * 10, 80),
            waiting(Wait::Proof(&lease, minute), Duration::ZERO, 80),
            taken_over(&lease, 80),
            not_given_back("dynamodb:DeleteItem: Timeout: no answer", minute, 80),
        ];
        insta::assert_snapshot!(plain(&text.concat()), @r"
        lock: waiting up to 10m00s for the other run: ann on build-7 (process 4711)
              holds its lease for `apply`, taken at 2026-05-01T10:00:00Z, valid until
              2026-05-01T10:01:30Z unless renewed
        lock: the lease in the way, of ann on build-7 (process 4711), taken for `apply`
              at 2026-05-01T10:00:00Z, seems to be a dead run's: watching it for 1m00s
              to be sure
        lock: took over the dead lease of ann on build-7 (process 4711), taken for
              `apply` at 2026-05-01T10:00:00Z
        lock: the stack's lease could not be given back (dynamodb:DeleteItem: Timeout:
              no answer); it expires by itself within 1m00s
        ");
    }
}
