//! Instances in a cluster that are not the stack's: RDS deletes no cluster that has one.

use futures::future::try_join_all;

use super::instance::DbInstance;
use super::instance_calls;
use super::phase::Phase;
use crate::resource::{Blocker, Error, Observer};

/// The members of a cluster that stand in the way of its deletion.
///
/// A member that is not among the stack's instances may be one of them that went, or was on its way, between the look
/// at the instances and the look at the cluster; so each is looked at again.
///
/// # Errors
/// When AWS cannot be asked.
pub(super) async fn strangers(cx: &Observer, members: &[String]) -> Result<Vec<Blocker>, Error> {
    let ours = cx.live::<DbInstance>().await?;
    let unknown = members
        .iter()
        .filter(|member| ours.iter().all(|(_, one)| one.identifier != **member));
    let looks = unknown.map(|member| async move {
        let live = instance_calls::find(cx.clients().rds(), member).await?;
        let status = live.as_ref().map(|live| live.status.as_str());
        Ok::<_, Error>(stays(status).then(|| blocker(member)))
    });
    Ok(try_join_all(looks).await?.into_iter().flatten().collect())
}

/// Whether an instance in this state, or one that is not there at all, will still be in the cluster.
fn stays(status: Option<&str>) -> bool {
    status.is_some_and(|status| Phase::of(status) != Phase::Leaving)
}

fn blocker(member: &str) -> Blocker {
    Blocker {
        reason: format!(
            "the DB instance {member} is in the cluster and does not belong to this stack"
        ),
        fix: format!("delete the DB instance {member} yourself"),
    }
}

#[cfg(test)]
mod tests {
    use super::stays;

    #[test]
    fn what_goes_by_itself_is_in_nobodys_way() {
        assert!(stays(Some("available")));
        assert!(stays(Some("creating")));
        assert!(!stays(Some("deleting")));
        assert!(!stays(None));
    }
}
