//! A client of the binary.

use std::time::Duration;

use axum::http::{Method, Request, request};
use serde_json::{Value, json};
use ureq::Agent;

use crate::process::Simulator;
use crate::service::{INDIVIDUAL, passport};

/// How long anything may take, with everything else that the machine has to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody who asks a simulator.
pub(crate) struct Client {
    url: String,
    agent: Agent,
}

impl Client {
    pub(crate) fn of(simulator: &Simulator) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE));
        Self { url: format!("http://{}", simulator.authority()), agent: config.build().into() }
    }

    /// Makes a control call; its status and its answer, `null` when there is none.
    #[track_caller]
    pub(crate) fn control(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(Request::builder().method(method).uri(format!("{}/_sim{path}", self.url)), body)
    }

    /// Calls with these headers and without a body; the status and the answer, `null` when there is none.
    #[track_caller]
    pub(crate) fn call(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, Value) {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.send(request, String::new())
    }

    /// What a reload answers.
    #[track_caller]
    pub(crate) fn reload(&self) -> (u16, Value) {
        self.control(Method::POST, "/reload", &Value::Null)
    }

    /// The error code that a customer's application gets; empty when it is accepted.
    #[track_caller]
    pub(crate) fn apply(&self, token: &str, customer: &str) -> String {
        let request = Request::post(format!("{}{INDIVIDUAL}", self.url));
        let request = request.header("content-type", "application/json").header("x-auth-token", token);
        let (_, answer) = self.send(request, passport(customer).to_string());
        answer["error_code"].as_str().unwrap_or_default().to_owned()
    }

    /// The customers of a space.
    #[track_caller]
    pub(crate) fn customers(&self, space: &str) -> Vec<String> {
        let (status, world) = self.control(Method::GET, &format!("/world?space={space}"), &Value::Null);
        assert_eq!(status, 200, "{world}");
        let customers = world["customers"].as_array().map(Vec::as_slice).unwrap_or_default();
        customers.iter().map(|customer| customer["id"].as_str().expect("an ID").to_owned()).collect()
    }

    /// A new space, from a scenario of this name if there is one.
    #[track_caller]
    pub(crate) fn space(&self, scenario: &str) -> Option<Value> {
        let (status, space) = self.control(Method::POST, "/spaces", &json!({ "scenario": scenario }));
        (status == 201).then_some(space)
    }

    /// The customers that a new space has; none where there is no such scenario.
    #[track_caller]
    pub(crate) fn customers_of(&self, scenario: &str) -> Vec<String> {
        self.space(scenario).map(|space| self.customers(text(&space["id"]))).unwrap_or_default()
    }

    #[track_caller]
    fn send(&self, request: request::Builder, body: String) -> (u16, Value) {
        let request = request.body(body).expect("the request is well-formed");
        let mut answer = self.agent.run(request).expect("there is an answer");
        let text = answer.body_mut().read_to_string().expect("an answer is text");
        (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or_default())
    }
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}
