//! The dashboard: what the stack does, on one page.

use std::collections::BTreeMap;

use super::addresses;
use super::draft::Draft;
use crate::kinds::cloudwatch::{Dashboard, DashboardDesired};
use crate::resource::{Ref, ResourceLabel, ResourceName, Text};
use crate::spec::Named;

/// What is on it.
const TEMPLATE: &str = include_str!("../../templates/dashboard.json");

/// Draws it, where it is wanted.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    if !spec.has_dashboard() {
        return;
    }
    let address = addresses::dashboard();
    let label = |address| Text::from(&Ref::<ResourceLabel>::Of(address));
    let name = |named| Text::from(spec.name_of(named));
    let values = BTreeMap::from([
        ("cluster", name(Named::EcsCluster)),
        ("control_plane", name(Named::ControlPlaneService)),
        ("data_plane", name(Named::DataPlaneService)),
        ("database", name(Named::DatabaseCluster)),
        ("load_balancer", label(addresses::load_balancer())),
        ("region", Text::from(spec.region.as_str())),
        ("target_group", label(addresses::target_group())),
    ]);
    let desired = DashboardDesired {
        stack: spec.name.as_str().to_owned(),
        address: address.clone(),
        template: TEMPLATE,
        values,
    };
    draft.output("dashboard", &Ref::<ResourceName>::Of(address.clone()));
    draft.add::<Dashboard>(address, desired);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::draw as draw_all;
    use crate::blueprint::sample::spec;

    fn names(template: &str) -> Vec<String> {
        let mut names: Vec<String> = template
            .split("\"${")
            .skip(1)
            .filter_map(|rest| Some(rest.split_once("}\"")?.0.to_owned()))
            .collect();
        names.sort();
        names.dedup();
        names
    }

    #[test]
    fn every_value_of_the_template_is_given_and_used() {
        let blueprint = draw_all(&spec("dashboard: true"));
        let desired = blueprint
            .desired::<Dashboard>(&addresses::dashboard())
            .expect("a dashboard");
        let mut given: Vec<&str> = desired.values.keys().copied().collect();
        given.push("about");
        given.sort_unstable();
        assert_eq!(names(TEMPLATE), given);
    }

    #[test]
    fn it_comes_with_the_alarms_unless_told_otherwise() {
        let has = |text: &str| {
            let drawn = draw_all(&spec(text));
            drawn.resources.contains_key(&addresses::dashboard())
        };
        let email = "alarms: {email: ops@example.com}\n";
        assert!(!has(""));
        assert!(has(email));
        assert!(has("dashboard: true"));
        assert!(!has(&format!("{email}dashboard: false")));
    }
}
