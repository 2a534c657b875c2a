//! Cloud Map's operations: it answers at once and does the work afterwards.

use std::collections::HashMap;

use aws_sdk_servicediscovery::types::{
    FilterCondition, OperationFilter, OperationFilterName, OperationStatus, OperationSummary,
    OperationTargetType, OperationType,
};

use super::tagging::unbuilt;
use crate::aws::{Clients, failed};
use crate::resource::{Error, Look, Patience, Step};

/// What an operation worked on, by sort.
pub(super) type Targets = HashMap<OperationTargetType, String>;

/// Waits for an operation: `Ok` with its targets when it succeeded.
pub(super) async fn done(
    cx: &Step,
    what: &str,
    id: &str,
    patience: Patience,
) -> Result<Targets, Error> {
    cx.wait(what, patience, || async {
        let answer = cx
            .clients()
            .discovery()
            .get_operation()
            .operation_id(id)
            .send()
            .await
            .map_err(failed("servicediscovery:GetOperation"))?;
        let operation = answer.operation.ok_or(Error::Incomplete {
            operation: "servicediscovery:GetOperation",
            missing: "the operation",
        })?;
        match &operation.status {
            Some(OperationStatus::Success) => {
                Ok(Look::Ready(operation.targets.unwrap_or_default()))
            }
            Some(OperationStatus::Fail) => Err(Error::Failed {
                what: what.to_owned(),
                state: operation.error_code.unwrap_or_else(|| "FAIL".to_owned()),
                detail: operation.error_message.into_iter().collect(),
            }),
            other => {
                let state = other.as_ref().map_or("SUBMITTED", OperationStatus::as_str);
                Ok(Look::Pending(state.to_owned()))
            }
        }
    })
    .await
}

/// The ids of operations that are still making a namespace in this account and region.
pub(super) async fn namespaces_in_the_making(clients: &Clients) -> Result<Vec<String>, Error> {
    let filter = |name, values: &[&str]| {
        OperationFilter::builder()
            .name(name)
            .condition(FilterCondition::In)
            .set_values(Some(values.iter().map(ToString::to_string).collect()))
            .build()
            .map_err(unbuilt)
    };
    let making = OperationType::CreateNamespace;
    let mut pages = clients
        .discovery()
        .list_operations()
        .filters(filter(OperationFilterName::Type, &[making.as_str()])?)
        .filters(filter(
            OperationFilterName::Status,
            &["SUBMITTED", "PENDING"],
        )?)
        .into_paginator()
        .send();
    let mut open = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(failed("servicediscovery:ListOperations"))?;
        // Not every answer honours the filter by state.
        let running = |one: &OperationSummary| {
            !matches!(
                one.status,
                Some(OperationStatus::Success | OperationStatus::Fail)
            )
        };
        let listed = page.operations.unwrap_or_default().into_iter();
        open.extend(listed.filter(running).filter_map(|one| one.id));
    }
    Ok(open)
}
