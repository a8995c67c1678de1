//! `POST /v2/customers/realname-auths/individual`: requesting an individual real-name authentication.

use crate::domain::application::Application;
use crate::http::bss::draft;
use crate::http::gateway::Admission;
use crate::simulator::Ruling;

pub(in crate::http) async fn submit(admission: &Admission<'_>) -> Ruling {
    let Admission { era, partner, parts, body } = admission;
    let draft = draft::read(&parts.headers, body);
    let application = match draft.and_then(|draft| Application::parse(draft, era.settings().contract)) {
        Ok(application) => application,
        Err(error) => return Ruling::Parameters(error),
    };
    Ruling::Submission(era.submit(partner, &application).await)
}
