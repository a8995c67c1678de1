//! The table of routes: what answers where, and what is said of it. The router and the document are made from the same
//! rows, so that no route goes without a description.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, on};

use super::operation::Operation;
use crate::http::App;

/// The routes, each with its row.
#[derive(Default)]
pub(super) struct Table {
    /// What answers.
    pub(super) router: Router<Arc<App>>,
    /// What is said of it.
    pub(super) rows: Vec<Row>,
}

/// A route as the document tells of it.
pub(super) struct Row {
    pub(super) method: Method,
    /// The path below `/_sim`.
    pub(super) path: &'static str,
    pub(super) operation: Operation,
}

impl Table {
    /// Adds a route: what answers by this method at this path below `/_sim`, and what it does.
    pub(super) fn route<H, T>(mut self, method: Method, path: &'static str, answer: H, operation: Operation) -> Self
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).expect("a method of HTTP");
        self.rows.push(Row { method, path, operation });
        Self { router: self.router.route(path, on(filter, answer)), ..self }
    }
}
