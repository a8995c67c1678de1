//! `POST /v2/customers/realname-auths/individual`: requesting an individual real-name authentication.

use crate::domain::application::Application;
use crate::http::answer::Answer;
use crate::http::bss::draft;
use crate::http::gateway::Admission;
use crate::simulator::Ruling;

pub(in crate::http) async fn submit(admission: Admission<'_>) -> Answer {
    let Admission { era, partner, parts, body } = &admission;
    let draft = draft::read(&parts.headers, body);
    let ruling = match draft.and_then(|draft| Application::parse(draft, era.settings().contract)) {
        Ok(application) => Ruling::Submission(era.submit(partner.clone(), &application).await),
        Err(error) => Ruling::Parameters(error),
    };
    admission.answer(ruling)
}
