//! Pages of long lists: which part of a list a call asks for, and what it is told of the rest.

use std::num::NonZeroUsize;

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::error::{ControlError, MALFORMED};
use crate::http::openapi::{Describe, OperationWriter, all_required};

/// Which part of a list to answer. Without a parameter it is the whole list.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Part {
    /// No more than so many.
    limit: Option<NonZeroUsize>,
    /// Only those whose name, ID or number comes after this one; it need not be there itself.
    after: Option<String>,
    /// Only those that have this text somewhere, in any case.
    search: Option<String>,
    /// `InSpace` reads it.
    #[serde(rename = "space")]
    #[schemars(skip)]
    _space: Option<IgnoredAny>,
}

impl<S: Send + Sync> FromRequestParts<S> for Part {
    type Rejection = ControlError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ControlError> {
        let part: Result<Query<Self>, QueryRejection> = Query::from_request_parts(parts, state).await;
        part.map(|Query(part)| part).map_err(|rejection| ControlError::malformed(rejection.body_text()))
    }
}

impl Describe for Part {
    fn describe(operation: &mut OperationWriter<'_>) {
        Query::<Self>::describe(operation);
        operation.error(MALFORMED);
    }
}

/// What a page says of the whole list.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline, transform = all_required)]
pub struct PageInfo {
    /// How many the search finds, on all pages.
    total: usize,
    /// What `after` has to be for the next page; `null` on the last one.
    next: Option<String>,
}

impl Part {
    /// Takes this part of a list, which is in the order of its names. `texts` are what the search looks at, the name first.
    /// With a limit the part is a page.
    pub fn of<T>(&self, list: impl Iterator<Item = T>, texts: fn(&T) -> Vec<&str>) -> (Vec<T>, Option<PageInfo>) {
        let name = |item: &T| texts(item).first().copied().unwrap_or_default().to_owned();
        let search = self.search.as_ref().map(|text| text.to_lowercase());
        let is_found = |item: &T| {
            let has = |wanted: &String| texts(item).iter().any(|text| text.to_lowercase().contains(wanted));
            search.as_ref().is_none_or(has)
        };
        let is_after = |item: &T| self.after.as_ref().is_none_or(|after| texts(item).first() > Some(&&**after));
        let (mut total, mut has_more, mut items) = (0, false, Vec::new());
        for item in list.filter(is_found) {
            total += 1;
            if !is_after(&item) {
                continue;
            }
            has_more = self.limit.is_some_and(|limit| items.len() == limit.get());
            if !has_more {
                items.push(item);
            }
        }
        let next = items.last().filter(|_| has_more).map(name);
        (items, self.limit.map(|_| PageInfo { total, next }))
    }
}
