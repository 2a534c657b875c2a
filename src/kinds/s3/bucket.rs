//! Buckets for logs: private, encrypted, emptied by age, written to over TLS only.
//!
//! A bucket's name is unique in all of AWS, so every call names the account that the bucket must belong to: somebody
//! else's bucket of the name is told from ours, and never written to. Ours carries the stack's tags from the call that
//! makes it. That call sets nothing else: what is not as desired of a bucket just made is set as it is in an update, so
//! that one whose making was cut short is finished by the same means.
//!
//! Its encryption is S3's own (SSE-S3), whatever key the rest of the stack has: load balancers deliver their logs to no
//! bucket with another (Elastic Load Balancing's guide, "Enable access logs for your Application Load Balancer").

use futures::future::try_join_all;
use futures::try_join;

use super::look::{Lifecycle, There, find};
use super::{contents, settings};
use crate::aws::failed;
use crate::kinds::iam::{ResourcePolicy, Statements};
use crate::kinds::leftover::leftover;
use crate::resource::{
    AccountId, Address, Contents, Diff, Effect, Error, Found, Kind, Look, Observer, Output,
    Outputs, Patience, Ref, References, ReplaceOrder, Resolve, ResourceName, Step, Tags, Text,
    Wanted,
};

/// S3 says `BucketNotEmpty` of one that was filled meanwhile; whoever still writes to it must be given time to stop.
const GONE: Patience = Patience::seconds(5, 10, 600);

/// Settings show within seconds.
const SETTLED: Patience = Patience::seconds(2, 5, 120);

/// Who made a bucket is shown as this; nothing else owns what is put into it.
pub(super) const OWNER_ENFORCED: &str = "BucketOwnerEnforced";

/// Encryption with S3's own keys.
pub(super) const SSE_S3: &str = "AES256";

/// A bucket, found by its name.
#[derive(Debug)]
pub(crate) struct Bucket;

/// What a bucket should be.
#[derive(Debug, Clone)]
pub(crate) struct Desired {
    /// Its name: 3 to 63 lower-case letters, digits and hyphens, unique in all of AWS.
    pub(crate) name: Text,
    /// The account that it must belong to.
    pub(crate) account: Ref<AccountId>,
    /// After how many days what lies where in it is deleted.
    pub(crate) retention: Vec<Retention>,
    /// Who else may do what with it.
    pub(crate) policy: ResourcePolicy,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// How long a folder's contents stay. One folder's has no say in another's: what is written into one by mistake, or no
/// more, ends as it always would have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retention {
    /// The folder, without a slash.
    pub(crate) folder: &'static str,
    /// Days.
    pub(crate) days: u32,
}

/// A bucket as S3 has it.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    /// The name.
    pub(super) name: String,
    /// The account it must belong to; nothing where the tagging API, which lists one's own only, has told of it.
    pub(super) account: Option<String>,
    /// Whether nothing of it can be made public.
    pub(super) private: bool,
    /// Who owns what is put into it.
    pub(super) ownership: Option<String>,
    /// What it encrypts with unless told otherwise.
    pub(super) encryption: Option<String>,
    /// Whether it keeps what is overwritten and deleted; S3 says nothing of one that never did.
    pub(super) versioned: bool,
    pub(super) lifecycle: Lifecycle,
    pub(super) policy: Statements,
    /// Its tags.
    pub(super) tags: Tags,
}

impl Kind for Bucket {
    const TYPE: &'static str = "AWS::S3::Bucket";
    const NOUN: &'static str = "S3 bucket";
    const HOLDS_DATA: bool = true;
    const IS_EMPTIED: bool = true;

    type Desired = Desired;
    type Live = Live;

    fn references(desired: &Desired) -> References {
        let itself = References::none().in_text(&desired.name);
        desired.policy.referred(itself.to(&desired.account))
    }

    async fn observe(
        cx: &Observer,
        wanted: &[Wanted<'_, Self>],
    ) -> Result<Vec<Found<Live>>, Error> {
        let named = try_join_all(wanted.iter().map(|one| async {
            let (name, account) =
                try_join!(cx.text(&one.desired.name), cx.output(&one.desired.account))?;
            let (Some(name), Some(account)) = (name, account) else {
                return Ok(None);
            };
            let there = find(cx.clients(), &name, Some(account.as_str())).await?;
            Ok::<_, Error>(Some((one.address, name, there)))
        }));
        let (named, inventory) = try_join!(named, cx.inventory())?;
        let (mut found, mut seen) = (Vec::new(), Vec::new());
        for (address, name, there) in named.into_iter().flatten() {
            match there {
                There::Absent => {}
                There::Theirs => found.push(foreign(address, &name)),
                There::Ours(live) => found.push(match cx.address_of(&live.tags) {
                    Some(its) => Found::Owned(its, *live),
                    None => foreign(address, &name),
                }),
            }
            seen.push(name);
        }
        let left = inventory.untyped("s3");
        let left = left.filter_map(|(arn, _)| arn.rsplit(':').next());
        for name in left.filter(|name| !seen.iter().any(|seen| seen == name)) {
            if let There::Ours(live) = find(cx.clients(), name, None).await?
                && let Some(its) = cx.address_of(&live.tags)
            {
                found.push(leftover(&found, its, *live));
            }
        }
        Ok(found)
    }

    fn id(live: &Live) -> String {
        live.name.clone()
    }

    fn outputs(live: &Live) -> Outputs {
        Outputs::default().with(ResourceName::new(&live.name))
    }

    fn uses(_live: &Live) -> Vec<String> {
        Vec::new()
    }

    fn diff(desired: &Desired, live: &Live, outputs: &dyn Resolve) -> Diff {
        let Desired {
            name,
            account: _, // in the name, and in every call
            retention,
            policy,
            tags,
        } = desired;
        let mut diff = Diff::new();
        let fixed = Effect::Replace("a bucket keeps its name");
        diff.text("bucket_name", name, &live.name, outputs, fixed);
        diff.field("public_access_block", &true, &live.private);
        let ownership = live.ownership.as_ref();
        let enforced = OWNER_ENFORCED.to_owned();
        diff.optional("object_ownership", Some(&enforced), ownership);
        let encryption = live.encryption.as_ref();
        diff.optional("bucket_encryption", Some(&SSE_S3.to_owned()), encryption);
        diff.field("versioning", &false, &live.versioned);
        let lifecycle = Lifecycle::wanted(retention);
        diff.field("lifecycle_configuration", &lifecycle, &live.lifecycle);
        policy.compare("bucket_policy", &live.policy, outputs, &mut diff);
        diff.tags(tags, &live.tags);
        diff
    }

    fn replace_order(_desired: &Desired, _live: &Live) -> ReplaceOrder {
        ReplaceOrder::CreateFirst
    }

    async fn create(cx: &Step, desired: &Desired) -> Result<Outputs, Error> {
        let (name, account) = (cx.text(&desired.name)?, cx.get(&desired.account)?);
        settings::make(cx, desired, &name).await?;
        cx.made(&name);
        let live = cx
            .wait(&format!("bucket {name}"), SETTLED, || async {
                Ok(
                    match find(cx.clients(), &name, Some(account.as_str())).await? {
                        There::Ours(live) => Look::Ready(*live),
                        There::Absent | There::Theirs => {
                            Look::Pending("not visible yet".to_owned())
                        }
                    },
                )
            })
            .await?;
        let diff = Self::diff(desired, &live, cx.outputs());
        Self::update(cx, desired, &live, &diff).await
    }

    async fn update(
        cx: &Step,
        desired: &Desired,
        live: &Live,
        diff: &Diff,
    ) -> Result<Outputs, Error> {
        settings::write(cx, desired, live, diff).await?;
        let what = format!("the settings of bucket {}", live.name);
        let live = cx
            .wait(&what, SETTLED, || async {
                let there = find(cx.clients(), &live.name, live.account.as_deref()).await?;
                let There::Ours(now) = there else {
                    return Ok(Look::Pending("not visible".to_owned()));
                };
                let left = Self::diff(desired, &now, cx.outputs());
                let field = left.changes().first().map(|change| change.field.clone());
                Ok(match field {
                    None => Look::Ready(*now),
                    Some(field) => Look::Pending(format!("without its new {field} yet")),
                })
            })
            .await?;
        Ok(Self::outputs(&live))
    }

    async fn contents(cx: &Observer, live: &Live) -> Result<Option<Contents>, Error> {
        let Some(held) = contents::count(cx.clients(), live).await? else {
            return Ok(None);
        };
        Ok(Some(Contents {
            what: format!("the S3 bucket {} holds {held}", live.name),
            remedy: format!(
                "keep what you need of it (aws s3 sync s3://{} DIRECTORY) and empty it (aws s3 rm --recursive s3://{})",
                live.name, live.name
            ),
        }))
    }

    async fn delete(
        cx: &Step,
        _desired: Option<&Desired>,
        live: &Live,
    ) -> Result<Vec<String>, Error> {
        contents::empty(cx, live).await?;
        let what = format!("the deletion of bucket {}", live.name);
        cx.wait(&what, GONE, || async {
            let call = cx.clients().s3().delete_bucket();
            let call = call
                .bucket(&live.name)
                .set_expected_bucket_owner(live.account.clone());
            match call.send().await.map_err(failed("s3:DeleteBucket")) {
                Ok(_) => Ok(Look::Ready(())),
                Err(error) if error.is(&["NoSuchBucket"]) => Ok(Look::Ready(())),
                Err(error) if error.is(&["OperationAborted"]) => {
                    Ok(Look::Pending("being changed by somebody else".to_owned()))
                }
                // Logs of the last minutes come after the load balancer is gone.
                Err(error) if error.is(&["BucketNotEmpty"]) && cx.may_lose() => {
                    contents::empty(cx, live).await?;
                    Ok(Look::Pending("being filled while it is emptied".to_owned()))
                }
                Err(error) if error.is(&["BucketNotEmpty"]) => Err(contents::not_empty(cx, live)),
                Err(error) => Err(error.into()),
            }
        })
        .await?;
        Ok(Vec::new())
    }
}

fn foreign(address: &Address, name: &str) -> Found<Live> {
    Found::Foreign(
        address.clone(),
        format!("the S3 bucket {name} (names are unique in all of AWS, whosever it is)"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Nothing;

    const RETENTION: [Retention; 1] = [Retention {
        folder: "alb",
        days: 90,
    }];

    fn desired() -> Desired {
        Desired {
            name: Text::from("demo-logs"),
            account: Ref::Literal(AccountId::new("123456789012")),
            retention: RETENTION.to_vec(),
            policy: ResourcePolicy { grants: Vec::new() },
            tags: Tags::default(),
        }
    }

    fn live() -> Live {
        Live {
            name: "demo-logs".to_owned(),
            account: None,
            private: true,
            ownership: Some(OWNER_ENFORCED.to_owned()),
            encryption: Some(SSE_S3.to_owned()),
            versioned: false,
            lifecycle: Lifecycle::wanted(&RETENTION),
            policy: Statements::default(),
            tags: Tags::default(),
        }
    }

    #[test]
    fn everything_but_the_name_is_set_in_place() {
        let diff = |live: &Live| Bucket::diff(&desired(), live, &Nothing);
        assert!(diff(&live()).is_empty());
        let opened = Live {
            private: false,
            ownership: None,
            encryption: Some("aws:kms with a key".to_owned()),
            versioned: true,
            lifecycle: Lifecycle::default(),
            policy: Statements::decode(r#"{"Statement":[{"Sid":"All","Effect":"Allow"}]}"#),
            ..live()
        };
        let diff_of_opened = diff(&opened);
        let fields = diff_of_opened.changes().iter();
        let fields: Vec<&str> = fields.map(|change| change.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "public_access_block",
                "object_ownership",
                "bucket_encryption",
                "versioning",
                "lifecycle_configuration",
                "bucket_policy.All"
            ]
        );
        assert_eq!(diff_of_opened.replacing().count(), 0);
        let other = Live {
            name: "other".to_owned(),
            ..live()
        };
        assert_eq!(diff(&other).replacing().count(), 1);
    }
}
