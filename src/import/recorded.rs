//! Recorded calls: those that can become exchanges, with invented values.

use serde_json::{Map, Value};

use super::call::CapturedBody;
use crate::domain::{ApiCode, CREATE_CUSTOMER, Endpoint, ErrorCode, INDIVIDUAL, Review, SEND_CODE};

/// A call that can be sent again.
#[derive(Debug)]
pub(super) struct RecordedCall {
    /// The number of its entry in the capture.
    pub(super) entry: usize,
    /// The place of its caller.
    pub(super) caller: usize,
    pub(super) endpoint: &'static Endpoint,
    pub(super) fields: Map<String, Value>,
    pub(super) answer: RecordedAnswer,
}

/// Its answer.
#[derive(Debug, PartialEq)]
pub(super) struct RecordedAnswer {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    pub(super) body: CapturedBody,
    /// Whether the text of its error is about this request alone.
    pub(super) is_text_of_request: bool,
}

impl RecordedAnswer {
    pub(super) fn json(&self) -> Option<&Map<String, Value>> {
        match &self.body {
            CapturedBody::Json(Value::Object(body)) => Some(body),
            _ => None,
        }
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.json()?.get(key)?.as_str()
    }

    pub(super) fn code(&self) -> Option<&str> {
        self.text("error_code")
    }

    /// Returns the error of the page, if it is one.
    pub(super) fn error(&self) -> Option<ErrorCode> {
        match ApiCode::parse(self.code()?)? {
            ApiCode::Page(code) => Some(code),
            ApiCode::Other(_) => None,
        }
    }

    /// Returns the number of a field. It may also be a text, as the page's example has it.
    pub(super) fn number(&self, key: &str) -> Option<i64> {
        let value = self.json()?.get(key)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl RecordedCall {
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }

    pub(super) fn customer(&self) -> Option<&str> {
        self.field("customer_id").filter(|id| !id.is_empty())
    }

    /// Returns whether a review followed, if an application was accepted.
    pub(super) fn accepted(&self) -> Option<Review> {
        self.endpoint.application.filter(|_| self.answer.is_success())?;
        let number = self.answer.number("is_review")?;
        Review::ALL.iter().copied().find(|review| i64::from(review.number()) == number)
    }

    /// Returns true if it counted as an attempt of the customer.
    pub(super) fn is_attempt(&self) -> bool {
        let is_late = |code| {
            matches!(
                code,
                ErrorCode::CertificateBlocked
                    | ErrorCode::CertificateWornOut
                    | ErrorCode::CheckItemsFailed
                    | ErrorCode::VerificationFailed
                    | ErrorCode::IdentityMismatch
            )
        };
        self.endpoint.application.is_some() && (self.accepted().is_some() || self.answer.error().is_some_and(is_late))
    }

    /// Returns true if the answer says that the customer is one of the caller.
    pub(super) fn is_of_owner(&self) -> bool {
        let of_other = [
            ErrorCode::NoPartner,
            ErrorCode::NotYourCustomer,
            ErrorCode::CustomerIsCaller,
            ErrorCode::ParameterError,
            ErrorCode::AccessDenied,
            ErrorCode::PartnerNotReady,
            ErrorCode::OtherErrors,
        ];
        let is_of_page = self.answer.error().is_some_and(|code| !of_other.contains(&code));
        self.answer.is_success() && self.answer.json().is_some() || is_of_page
    }

    /// Returns true if the same call again may get another answer because of this one.
    pub(super) fn may_change(&self) -> bool {
        self.endpoint.application.is_some() || [&CREATE_CUSTOMER, &SEND_CODE].contains(&self.endpoint)
    }

    /// Returns the certificate that the customer is to hold.
    pub(super) fn certificate(&self) -> Option<&str> {
        if *self.endpoint == INDIVIDUAL { self.field("verified_number") } else { None }
    }
}
