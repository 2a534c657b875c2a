//! The parameters in a DB cluster parameter group: read, set, and put back to the engine's defaults.

use std::collections::BTreeMap;

use aws_sdk_rds::Client;
use aws_sdk_rds::types::{ApplyMethod, Parameter};

use super::parameter_group::ABSENT;
use crate::aws::{OrAbsent, failed};
use crate::resource::Error;

/// The most parameters one call takes.
const A_CALL: usize = 20;

/// The parameters that somebody set; none where there is no group.
pub(super) async fn parameters(
    client: &Client,
    name: &str,
) -> Result<BTreeMap<String, String>, Error> {
    let mut pages = client
        .describe_db_cluster_parameters()
        .db_cluster_parameter_group_name(name)
        .source("user")
        .into_paginator()
        .items()
        .send();
    let mut set = BTreeMap::new();
    while let Some(parameter) = pages.next().await {
        let parameter = parameter
            .map_err(failed("rds:DescribeDBClusterParameters"))
            .or_absent(ABSENT)?;
        set.extend(parameter.and_then(|one| Some((one.parameter_name?, one.parameter_value?))));
    }
    Ok(set)
}

fn parameter(name: &str, value: Option<&str>, method: &ApplyMethod) -> Parameter {
    Parameter::builder()
        .parameter_name(name)
        .set_parameter_value(value.map(str::to_owned))
        .apply_method(method.clone())
        .build()
}

/// Sets parameters, at once where the engine can: it refuses that for those it reads only when it starts.
pub(super) async fn set(
    client: &Client,
    group: &str,
    parameters: &BTreeMap<String, String>,
) -> Result<(), Error> {
    let all: Vec<(&String, &String)> = parameters.iter().collect();
    for some in all.chunks(A_CALL) {
        let send = |method: ApplyMethod| {
            let parameters = some
                .iter()
                .map(|(name, value)| parameter(name, Some(value), &method))
                .collect();
            client
                .modify_db_cluster_parameter_group()
                .db_cluster_parameter_group_name(group)
                .set_parameters(Some(parameters))
                .send()
        };
        let set = failed("rds:ModifyDBClusterParameterGroup");
        match send(ApplyMethod::Immediate).await.map_err(&set) {
            Err(error) if error.is(&["InvalidParameterCombination"]) => {
                send(ApplyMethod::PendingReboot).await.map_err(&set)?;
            }
            other => {
                other?;
            }
        }
    }
    Ok(())
}

/// Puts parameters back to the engine's defaults, from the next start on.
pub(super) async fn reset<'a>(
    client: &Client,
    group: &str,
    names: impl Iterator<Item = &'a String>,
) -> Result<(), Error> {
    let all: Vec<Parameter> = names
        .map(|name| parameter(name, None, &ApplyMethod::PendingReboot))
        .collect();
    for some in all.chunks(A_CALL) {
        client
            .reset_db_cluster_parameter_group()
            .db_cluster_parameter_group_name(group)
            .set_parameters(Some(some.to_vec()))
            .send()
            .await
            .map_err(failed("rds:ResetDBClusterParameterGroup"))?;
    }
    Ok(())
}
