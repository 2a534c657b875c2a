//! The last snapshot of a cluster, taken by its deletion.

use aws_sdk_rds::Client;

use crate::aws::{OrAbsent, failed};
use crate::resource::Error;

/// Characters of the cluster's resource id that tell its snapshots from those of earlier clusters of the same name.
const DISTINCT: usize = 10;

/// How many names are tried: each is of a deletion that was begun and did not come through.
const NAMES: usize = 50;

/// What the last snapshot of a cluster is called.
///
/// It derives from the id that AWS gives each cluster once, so that the same stack can be made and destroyed again and
/// again, and a repeated deletion asks for the same snapshot. `taken` counts the names that are no longer free.
fn final_name(cluster: &str, resource_id: &str, taken: usize) -> String {
    let id = resource_id.rsplit('-').next().unwrap_or_default();
    let distinct: String = id
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(DISTINCT)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    match taken {
        0 => format!("{cluster}-final-{distinct}"),
        taken => format!("{cluster}-final-{distinct}-{}", taken + 1),
    }
}

/// A name for the last snapshot of a cluster that no snapshot has: somebody may have taken one by that name, and an
/// earlier deletion may have been refused after it had made one.
pub(super) async fn free_name(
    client: &Client,
    cluster: &str,
    resource_id: &str,
) -> Result<String, Error> {
    for taken in 0..NAMES {
        let name = final_name(cluster, resource_id, taken);
        if !exists(client, &name).await? {
            return Ok(name);
        }
    }
    Ok(final_name(cluster, resource_id, NAMES))
}

/// The last of the snapshots that [`free_name`] may have named, if there is one: what a deletion that another run
/// began leaves.
pub(super) async fn latest(
    client: &Client,
    cluster: &str,
    resource_id: &str,
) -> Result<Option<String>, Error> {
    let mut latest = None;
    for taken in 0..NAMES {
        let name = final_name(cluster, resource_id, taken);
        if !exists(client, &name).await? {
            break;
        }
        latest = Some(name);
    }
    Ok(latest)
}

/// The snapshot of that name, if it is there: a cluster that was gone already has left none.
pub(super) async fn taken(client: &Client, name: Option<String>) -> Result<Option<String>, Error> {
    match name {
        Some(name) if exists(client, &name).await? => Ok(Some(name)),
        _ => Ok(None),
    }
}

/// Whether a cluster snapshot of that name is there.
async fn exists(client: &Client, name: &str) -> Result<bool, Error> {
    let call = client.describe_db_cluster_snapshots();
    let answer = call
        .db_cluster_snapshot_identifier(name)
        .send()
        .await
        .map_err(failed("rds:DescribeDBClusterSnapshots"))
        .or_absent(&["DBClusterSnapshotNotFoundFault"])?;
    Ok(answer.is_some_and(|answer| !answer.db_cluster_snapshots().is_empty()))
}

#[cfg(test)]
mod tests {
    use super::final_name;

    #[test]
    fn clusters_of_one_name_leave_snapshots_of_different_names() {
        let first = final_name("demo-db", "cluster-3JB5XGJ2XU5TTMOKJ7UOPF3VTU", 0);
        assert_eq!(first, "demo-db-final-3jb5xgj2xu");
        let second = final_name("demo-db", "cluster-QL2M3VYY6W5BJCXQY6DDEXAMPL", 0);
        assert_ne!(first, second);
        let again = final_name("demo-db", "cluster-3JB5XGJ2XU5TTMOKJ7UOPF3VTU", 1);
        assert_eq!(again, "demo-db-final-3jb5xgj2xu-2");
    }
}
