//! How long a control plane on demand stays awake.

use std::time::Duration;

use super::at;
use crate::spec::model::{ControlPlaneMode, StackSpec};
use crate::spec::problem::{Problem, Problems};

/// A timer fires within the minute after its time, so that a shorter time says nothing.
const SHORTEST: Duration = Duration::from_secs(120);
const LONGEST: Duration = Duration::from_secs(24 * 3600);

pub(super) fn check(spec: &StackSpec, out: &mut Problems) {
    let plane = &spec.control_plane;
    let Some(times) = plane.on_demand else { return };
    if plane.mode != ControlPlaneMode::OnDemand {
        if out.sound(&["control_plane.mode"]) {
            out.add(
                Problem::new(
                    "on-demand-mode",
                    at("control_plane.on_demand"),
                    "an always-on control plane has no times to stay awake",
                )
                .because("they say when a control plane on demand goes to sleep")
                .fix("write `mode: on-demand` beside it, or take it out"),
            );
        }
        return;
    }
    let given = [
        ("sync", times.sync),
        ("cooldown", times.cooldown),
        ("extend", times.extend),
    ];
    for (key, time) in given {
        let (which, fix) = if time < SHORTEST {
            ("too short", "write `2m` or more")
        } else if time > LONGEST {
            ("too long", "write `24h` or less, or `mode: always-on`")
        } else {
            continue;
        };
        let shown = humantime::format_duration(time);
        out.add(
            Problem::new(
                "on-demand-time",
                at("control_plane.on_demand").key(key),
                format!("{shown} is {which}"),
            )
            .because(
                "the timer has a precision of a minute, and a control plane that is awake for days is not on demand",
            )
            .fix(fix),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::spec::rules::table::{accept, good, refuse};

    #[test]
    fn accepts() {
        accept(&[
            "control_plane: {mode: on-demand}",
            "control_plane: {mode: on-demand, on_demand: {}}",
            "control_plane: {mode: on-demand, on_demand: {sync: 2m, cooldown: 24h, extend: 90s 30s}}",
        ]);
        let times = |rest| good(rest).control_plane.on_demand();
        assert_eq!(times("control_plane: {mode: always-on}"), None);
        let times = times("control_plane: {mode: on-demand, on_demand: {sync: 3m}}");
        let times = times.expect("on demand");
        let seconds = [times.sync, times.cooldown, times.extend].map(|time| time.as_secs());
        assert_eq!(seconds, [180, 1800, 900]);
    }

    #[test]
    fn refuses() {
        refuse(&[
            (
                "control_plane: {on_demand: {sync: 5m}}",
                "on-demand-mode control_plane.on_demand: an always-on control plane has no times to stay awake",
            ),
            (
                "control_plane: {mode: on-demand, on_demand: {sync: 10s}}",
                "on-demand-time control_plane.on_demand.sync: 10s is too short",
            ),
            (
                "control_plane: {mode: on-demand, on_demand: {extend: 25h}}",
                "on-demand-time control_plane.on_demand.extend: 1day 1h is too long",
            ),
            (
                "control_plane: {mode: on-demand, on_demand: {cooldown: 30}}",
                "duration-format control_plane.on_demand.cooldown: `30` is not a length of time",
            ),
            (
                "control_plane: {mode: sometimes}",
                "unknown-value control_plane.mode: unknown value `sometimes`",
            ),
        ]);
    }
}
