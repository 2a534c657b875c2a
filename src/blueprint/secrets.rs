//! What only tasks may know: the cluster certificate, the admin key, and the database's password.
//!
//! Other rooms name secrets by the texts made here, which ECS resolves when it starts a task: a secret's ARN, or
//! `ARN:key::` for one field of a secret that holds JSON. The cluster certificate is named with its version: both planes
//! must hold the same one, and a task that ECS restarts while a rotation is under way must get its plane's, not the
//! newest. The database's password is not: what is not the newest is dead.

use super::addresses;
use super::draft::Draft;
use super::encryption;
use crate::kinds::secrets::{Secret, secret};
use crate::kong::{
    CERTIFICATE_KEY, CertificateFacts, PRIVATE_KEY_KEY, admin_key as new_admin_key,
    cluster_certificate,
};
use crate::resource::{Address, Arn, Error, ManagedSecretArn, Ref, SecretVersionId, Text};
use crate::spec::{ApiKey, Named, StackSpec};

/// Draws the secrets the stack generates.
pub(crate) fn draw(draft: &mut Draft<'_>) {
    let spec = draft.spec;
    draw_secret(
        draft,
        addresses::cluster_certificate(),
        Named::ClusterCertificateSecret,
        "Certificate and key that control plane and data planes know each other by",
        // A new stack makes itself a new pair: nobody outside holds the old one.
        false,
        || cluster_certificate().map_err(unmade),
        Some(|pair| {
            CertificateFacts::read(pair)
                .ok()
                .map(|facts| facts.not_after.date())
        }),
    );
    if spec.admin.api_key == ApiKey::Generate {
        draw_secret(
            draft,
            addresses::admin_key(),
            Named::AdminKeySecret,
            "Key for the Admin API",
            // Pipelines and people hold copies: the same stack made again shall take them.
            true,
            || new_admin_key().map_err(unmade),
            None,
        );
    }
    draft.output("admin_key_secret", admin_key(spec));
    draft.output("database_secret", &database_secret());
}

/// The cluster certificate, PEM.
pub(crate) fn certificate() -> Text {
    pinned_field(CERTIFICATE_KEY)
}

/// The private key of the cluster certificate, PEM.
pub(crate) fn certificate_key() -> Text {
    pinned_field(PRIVATE_KEY_KEY)
}

/// The key for the Admin API: the stack's own, or the one the spec names.
pub(crate) fn admin_key(spec: &StackSpec) -> Text {
    match &spec.admin.api_key {
        ApiKey::Generate => Text::from(&Ref::<Arn>::Of(addresses::admin_key())),
        ApiKey::Secret(arn) => Text::from(arn.as_str()),
    }
}

/// The database's user, from the secret that AWS keeps for the cluster.
pub(crate) fn database_username() -> Text {
    field(&Text::from(&database_secret()), "username")
}

/// The database's password, from the secret that AWS keeps and rotates for the cluster.
pub(crate) fn database_password() -> Text {
    field(&Text::from(&database_secret()), "password")
}

/// Which password of the database is the current one.
pub(crate) fn database_password_version() -> Text {
    Text::from(&Ref::<SecretVersionId>::Of(addresses::database_cluster()))
}

/// The ARNs of all secrets that tasks read.
pub(super) fn all(spec: &StackSpec) -> Vec<Text> {
    vec![pair(), admin_key(spec), Text::from(&database_secret())]
}

fn pair() -> Text {
    Text::from(&Ref::<Arn>::Of(addresses::cluster_certificate()))
}

pub(super) fn database_secret() -> Ref<ManagedSecretArn> {
    Ref::Of(addresses::database_cluster())
}

/// One field of a secret that holds JSON, in its current version.
fn field(secret: &Text, key: &str) -> Text {
    secret.clone().then(format!(":{key}::"))
}

/// One field of the cluster certificate, in the version that is current when the task definition is made.
fn pinned_field(key: &str) -> Text {
    let version = Ref::<SecretVersionId>::Of(addresses::cluster_certificate());
    field(&pair(), key).then_ref(&version)
}

fn unmade(error: impl std::error::Error) -> Error {
    let cause = error.source().map(|source| format!(": {source}"));
    Error::Internal(format!("{error}{}", cause.unwrap_or_default()))
}

fn draw_secret(
    draft: &mut Draft<'_>,
    address: Address,
    named: Named,
    purpose: &str,
    recoverable: bool,
    content: secret::Content,
    expires: Option<secret::Expires>,
) {
    let name = draft.spec.name_of(named);
    let tags = draft.tags(&address, &name);
    let desired = secret::Desired {
        name,
        description: format!("{purpose} in the Kong stack {}", draft.spec.name),
        key: encryption::key(draft.spec),
        content,
        expires,
        replaces: None,
        recoverable,
        tags,
    };
    draft.add::<Secret>(address, desired);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::sample::spec;

    #[test]
    fn tasks_are_given_fields_of_secrets_by_reference() {
        assert_eq!(
            certificate().to_string(),
            "${secrets/cluster-certificate.arn}:cert::${secrets/cluster-certificate.secret-version}"
        );
        assert_eq!(
            certificate_key().to_string(),
            "${secrets/cluster-certificate.arn}:key::${secrets/cluster-certificate.secret-version}"
        );
        assert_eq!(
            database_password().to_string(),
            "${database/cluster.secret-arn}:password::"
        );
        assert_eq!(
            database_username().to_string(),
            "${database/cluster.secret-arn}:username::"
        );
    }

    #[test]
    fn a_key_of_somebody_else_s_is_used_and_not_owned() {
        let own = spec("");
        assert_eq!(admin_key(&own).to_string(), "${secrets/admin-key.arn}");
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:mine-AbCdEf";
        let theirs = spec(&format!("admin: {{api_key: \"{arn}\"}}"));
        assert_eq!(admin_key(&theirs).to_string(), arn);
        let mut draft = Draft::new(&theirs);
        draw(&mut draft);
        let blueprint = draft.finish();
        assert!(!blueprint.resources.contains_key(&addresses::admin_key()));
        assert!(
            blueprint
                .resources
                .contains_key(&addresses::cluster_certificate())
        );
    }
}
