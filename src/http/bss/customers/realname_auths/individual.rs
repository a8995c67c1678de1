//! `POST /v2/customers/realname-auths/individual`: requesting an individual real-name authentication.

use std::sync::Arc;

use axum::extract::State;

use crate::domain::application::Application;
use crate::http::answer::{Answer, Ruling};
use crate::http::bss::draft;
use crate::http::gateway::Admission;
use crate::simulator::Space;

pub(in crate::http::bss) async fn submit(State(space): State<Arc<Space>>, admission: Admission) -> Answer {
    let caller = Arc::clone(&admission.partner.name);
    let draft = draft::read(&admission.headers, &admission.body);
    let ruling = match draft.and_then(|draft| Application::parse(draft, space.settings().contract)) {
        Ok(application) => Ruling::Submission(space.submit(admission.partner, application).await),
        Err(error) => Ruling::Parameters(error),
    };
    Answer::to(caller, ruling, space.settings().wire)
}
