//! `POST /v2/customers/realname-auths/individual`: requesting an individual real-name authentication.

use crate::domain::application::Application;
use crate::http::bss::draft;
use crate::http::gateway::Admission;
use crate::simulator::Outcome;

pub(in crate::http) async fn submit(admission: &Admission<'_>) -> Outcome {
    let Admission { state, partner, parts, body } = admission;
    let draft = draft::read(&parts.headers, body);
    let application = match draft.and_then(|draft| Application::parse(draft, state.settings().contract)) {
        Ok(application) => application,
        Err(error) => return Outcome::Parameters(error),
    };
    Outcome::Submission(state.submit(partner, &application).await)
}
