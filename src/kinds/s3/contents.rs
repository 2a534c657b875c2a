//! What lies in a bucket: counted before a destruction, and taken out with leave.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use super::bucket::Live;
use crate::aws::{AwsError, Clients, OrAbsent, failed};
use crate::resource::{Error, Look, Patience, Step};

/// What Elastic Load Balancing puts into a bucket when it is told to log to it, and CloudWatch Logs when it is told to
/// export to it, to see whether they may.
const TEST_FILES: [&str; 2] = ["ELBAccessLogTestFile", "aws-logs-write-test"];

/// How many pages of a thousand are deleted before it is looked whether the run is to end.
const PAGES: usize = 10;

/// An hour is enough for millions; a rerun goes on where it ended.
const EMPTIED: Patience = Patience::seconds(1, 30, 3600);

const ABSENT: &[&str] = &["NoSuchBucket"];

/// What a bucket holds, in words: the first thousand of its objects, versions and delete markers, and whether there are
/// more. Nothing where it is not there or holds only what it was tried with.
pub(super) async fn count(clients: &Clients, live: &Live) -> Result<Option<String>, Error> {
    let Some(page) = list(clients, live).await? else {
        return Ok(None);
    };
    let held = of(&page, false).len();
    if held == 0 {
        return Ok(None);
    }
    let logs = page.versions().iter();
    let logs = logs.filter(|version| !is_test(version.key()));
    let sizes = logs.filter_map(|version| version.size());
    let size = in_words(sizes.sum());
    let objects = if held == 1 { "object" } else { "objects" };
    Ok(Some(match page.is_truncated() {
        Some(true) => format!("{held} {objects} ({size}) and more"),
        _ => format!("{held} {objects} ({size})"),
    }))
}

/// Empties a bucket, of everything with leave, of test files without. Goes on from where an earlier run was
/// interrupted, for what is deleted is not listed any more.
pub(super) async fn empty(cx: &Step, live: &Live) -> Result<(), Error> {
    if cx.may_lose() {
        abort_uploads(cx, live).await?;
    }
    let deleted = AtomicUsize::new(0);
    let what = format!("bucket {}", live.name);
    cx.wait(&what, EMPTIED, || async {
        let (now, left) = delete_pages(cx, live).await?;
        let all = deleted.fetch_add(now, Ordering::Relaxed) + now;
        Ok(if left {
            Look::Pending(format!("being emptied: {all} objects deleted"))
        } else {
            Look::Ready(())
        })
    })
    .await?;
    let deleted = deleted.into_inner();
    if cx.may_lose() && deleted > 0 {
        cx.remark(format!("deleted {deleted} objects in bucket {}", live.name));
    }
    Ok(())
}

/// Why a bucket cannot be deleted that was empty when the run began, or that cannot be emptied.
pub(super) fn not_empty(cx: &Step, live: &Live) -> Error {
    let filled = format!(
        "something was put into it after this run had begun; to delete it with all it holds, give --allow-data-loss {}",
        cx.address
    );
    Error::Failed {
        what: format!("bucket {}", live.name),
        state: "not empty".to_owned(),
        detail: vec![filled],
    }
}

/// Deletes up to [`PAGES`] pages; returns how much, and whether anything may be left.
async fn delete_pages(cx: &Step, live: &Live) -> Result<(usize, bool), Error> {
    let mut deleted = 0;
    for _ in 0..PAGES {
        let Some(page) = list(cx.clients(), live).await? else {
            return Ok((deleted, false));
        };
        let tests = page
            .versions()
            .iter()
            .filter(|version| is_test(version.key()));
        let objects = match cx.may_lose() {
            true => of(&page, true),
            false => tests
                .filter_map(|version| identified(version.key(), version.version_id()))
                .collect(),
        };
        if objects.is_empty() {
            return Ok((deleted, false));
        }
        deleted += objects.len();
        delete(cx.clients(), live, objects).await?;
    }
    Ok((deleted, true))
}

/// The first page of everything that must go before a bucket can: objects, their versions, and delete markers.
async fn list(
    clients: &Clients,
    live: &Live,
) -> Result<Option<ListObjectVersionsOutput>, AwsError> {
    let call = clients.s3().list_object_versions().bucket(&live.name);
    let call = call.set_expected_bucket_owner(live.account.clone());
    let answer = call.send().await.map_err(failed("s3:ListBucketVersions"));
    answer.or_absent(ABSENT)
}

/// What a page lists, test files left out unless `whole`.
fn of(page: &ListObjectVersionsOutput, whole: bool) -> Vec<ObjectIdentifier> {
    let versions = page.versions().iter();
    let versions = versions
        .filter(|version| whole || !is_test(version.key()))
        .filter_map(|version| identified(version.key(), version.version_id()));
    let markers = page.delete_markers().iter();
    let markers = markers.filter_map(|marker| identified(marker.key(), marker.version_id()));
    versions.chain(markers).collect()
}

fn is_test(key: Option<&str>) -> bool {
    let file = key.and_then(|key| key.rsplit('/').next());
    file.is_some_and(|file| TEST_FILES.contains(&file))
}

fn identified(key: Option<&str>, version: Option<&str>) -> Option<ObjectIdentifier> {
    let object = ObjectIdentifier::builder().key(key?);
    // The one called `null`, too: where versions are suspended, a deletion without it only hides the object.
    object
        .set_version_id(version.map(str::to_owned))
        .build()
        .ok()
}

async fn delete(
    clients: &Clients,
    live: &Live,
    objects: Vec<ObjectIdentifier>,
) -> Result<(), Error> {
    let delete = Delete::builder().set_objects(Some(objects)).quiet(true);
    let delete = delete.build();
    let delete = delete.map_err(|error| Error::Internal(error.to_string()))?;
    let call = clients.s3().delete_objects().bucket(&live.name);
    let call = call.set_expected_bucket_owner(live.account.clone());
    let answer = call.delete(delete).send().await;
    let answer = answer.map_err(failed("s3:DeleteObject"));
    let Some(answer) = answer.or_absent(ABSENT)? else {
        return Ok(());
    };
    match answer.errors().first() {
        None => Ok(()),
        Some(refused) => Err(Error::Aws(AwsError::in_answer(
            "s3:DeleteObject",
            refused.code().unwrap_or("Unknown"),
            &format!(
                "{}: {}",
                refused.key().unwrap_or("?"),
                refused.message().unwrap_or("no message")
            ),
        ))),
    }
}

/// Ends uploads that were begun and never completed: they are no objects yet, and are charged all the same.
async fn abort_uploads(cx: &Step, live: &Live) -> Result<(), Error> {
    let s3 = cx.clients().s3();
    loop {
        let call = s3.list_multipart_uploads().bucket(&live.name);
        let call = call.set_expected_bucket_owner(live.account.clone());
        let answer = call.send().await;
        let answer = answer.map_err(failed("s3:ListBucketMultipartUploads"));
        let Some(page) = answer.or_absent(ABSENT)? else {
            return Ok(());
        };
        for upload in page.uploads() {
            let call = s3.abort_multipart_upload().bucket(&live.name);
            let call = call.set_expected_bucket_owner(live.account.clone());
            call.set_key(upload.key().map(str::to_owned))
                .set_upload_id(upload.upload_id().map(str::to_owned))
                .send()
                .await
                .map_err(failed("s3:AbortMultipartUpload"))
                .or_absent(&["NoSuchUpload", "NoSuchBucket"])?;
        }
        if page.is_truncated() != Some(true) || page.uploads().is_empty() {
            return Ok(());
        }
    }
}

/// A number of bytes as people say it.
fn in_words(bytes: i64) -> String {
    let units = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    let unit = units.into_iter().find(|(_, size)| bytes >= *size);
    match unit {
        Some((name, size)) => format!("{}.{} {name}", bytes / size, bytes % size * 10 / size),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_said_in_the_unit_they_fill() {
        assert_eq!(in_words(999), "999 bytes");
        assert_eq!(in_words(1_250), "1.2 kB");
        assert_eq!(in_words(3_000_000), "3.0 MB");
        assert_eq!(in_words(12_340_000_000), "12.3 GB");
    }

    #[test]
    fn a_test_file_is_no_data() {
        assert!(is_test(Some(
            "archive/machine/2026/11/27/aws-logs-write-test"
        )));
        assert!(is_test(Some("alb/AWSLogs/1/ELBAccessLogTestFile")));
        assert!(!is_test(Some(
            "alb/AWSLogs/1/elasticloadbalancing/x.log.gz"
        )));
        assert!(!is_test(None));
    }
}
