//! The last snapshot of a cluster, taken by its deletion.

use aws_sdk_rds::Client;

use crate::aws::{OrAbsent, failed};
use crate::resource::Error;

/// Characters of the cluster's resource id that tell its snapshots from those of earlier clusters of the same name.
const DISTINCT: usize = 10;

/// What the last snapshot of a cluster is called.
///
/// It derives from the id that AWS gives each cluster once, so that the same stack can be made and destroyed again and
/// again, and that a repeated deletion asks for the same snapshot.
pub(super) fn final_name(cluster: &str, resource_id: &str) -> String {
    let id = resource_id.rsplit('-').next().unwrap_or_default();
    let distinct: String = id
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(DISTINCT)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    format!("{cluster}-final-{distinct}")
}

/// Whether a cluster snapshot of that name is there.
pub(super) async fn exists(client: &Client, name: &str) -> Result<bool, Error> {
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
        let first = final_name("demo-db", "cluster-3JB5XGJ2XU5TTMOKJ7UOPF3VTU");
        assert_eq!(first, "demo-db-final-3jb5xgj2xu");
        let second = final_name("demo-db", "cluster-QL2M3VYY6W5BJCXQY6DDEXAMPL");
        assert_ne!(first, second);
    }
}
