//! Leases behind the program's back: what stands in the table, and the end of a dead run's.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;

use super::World;

const TABLE: &str = "kongstack-leases";

/// A lease as it stands in the table.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// All leases of an account and region; none where there is no table.
pub(crate) async fn leases(config: &SdkConfig) -> Vec<Item> {
    let scan = Client::new(config).scan().table_name(TABLE);
    match scan.consistent_read(true).send().await {
        Ok(found) => found.items().to_vec(),
        Err(error) => {
            let absent = error
                .as_service_error()
                .is_some_and(|error| error.is_resource_not_found_exception());
            assert!(absent, "the leases cannot be read: {error:?}");
            Vec::new()
        }
    }
}

/// Puts a lease into the table, over whatever is there.
pub(crate) async fn put_lease(config: &SdkConfig, item: Item) {
    let put = Client::new(config).put_item().table_name(TABLE);
    let _ = put.set_item(Some(item)).send().await.expect("written");
}

/// Takes all leases away.
pub(crate) async fn remove_leases(config: &SdkConfig) {
    for item in leases(config).await {
        let delete = Client::new(config).delete_item().table_name(TABLE);
        let delete = delete.key("stack", item["stack"].clone());
        let _ = delete.send().await.expect("deleted");
    }
}

impl World {
    /// Ends the leases that killed runs have left in a region, as their expiry would; without it the next run is
    /// refused, or has to watch the dead lease for its whole duration.
    pub(crate) fn let_the_lease_expire(&self, region: &str) {
        let config = self.aws(region);
        // On a thread of its own, because the test may be asynchronous itself.
        let expire = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(remove_leases(&config));
        };
        std::thread::spawn(expire).join().expect("expired");
    }
}
