//! Verification codes: the parameters with which one is asked for, and when one may be sent.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};

use crate::domain::catalog::{ApiCode, TOO_MANY_CODES};
use crate::domain::checks::Citation;
use crate::domain::parameters::{Kind, Parameter, ParameterError, ParameterTable, SentParameters, TextPattern};
use crate::domain::ruling::{Condition, Ruling};

/// A mail address. The page asks for no more than this.
pub(super) static EMAIL_PATTERN: TextPattern = TextPattern::new("@", "a mail address with an @");
static LANGUAGES: TextPattern = TextPattern::new("^(zh-cn|en-us)?$", "zh-cn or en-us");

static RECEIVER_TYPE: Parameter = Parameter::mandatory(
    "receiver_type",
    Kind::Number { one_of: &[2], words: "2" },
    "What the code is sent to. 2: a mail address",
);
static EMAIL: Parameter =
    Parameter::mandatory("email", Kind::Pattern { max: 64, pattern: &EMAIL_PATTERN }, "Mail address.");
static TIMEOUT: Parameter = Parameter::nullable(
    "timeout",
    Kind::Integer { min: 1, max: 3000 },
    "For how many minutes the code is valid. Default: 10. Above 60 it is valid for 5.",
);
static LANG: Parameter = Parameter::nullable(
    "lang",
    Kind::Pattern { max: 5, pattern: &LANGUAGES },
    "Language of the mail: zh-cn or en-us, which is the default.",
);

/// The parameters, in the page's order.
pub static PARAMETERS: ParameterTable = &[&RECEIVER_TYPE, &EMAIL, &TIMEOUT, &LANG];

const CODES_LEFT: Condition = Condition {
    id: "codes-left",
    refuses_with: ApiCode::Other(&TOO_MANY_CODES),
    citation: Citation::assumed(
        "The Chinese page: 15 codes an hour and 60 a day. That each address is counted is assumed.",
    ),
};

pub static CONDITIONS: [Condition; 1] = [CODES_LEFT];

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// How many codes an address gets within these spans.
const LIMITS: [(SignedDuration, usize); 2] = [(HOUR, 15), (DAY, 60)];

/// The page's default of `timeout`, the longest that counts, and what a longer one stands for, in minutes.
const DEFAULT_TIMEOUT: i32 = 10;
const MAX_TIMEOUT: i32 = 60;
const SHORT_TIMEOUT: i32 = 5;

/// How many wrong tries a code bears.
const TRIES: u32 = 3;

/// A code that was sent to a mail address.
#[derive(Clone, Debug)]
pub struct VerificationCode {
    pub code: Box<str>,
    pub expires_at: Timestamp,
    pub tries_left: u32,
}

/// A request to send a code.
#[derive(Clone)]
pub struct CodeRequest<'a> {
    pub email: Cow<'a, str>,
    valid_for: SignedDuration,
}

impl<'a> CodeRequest<'a> {
    /// Returns the request, or what is wrong with its first wrong parameter.
    pub fn parse(sent: &SentParameters<'a>) -> Result<Self, ParameterError> {
        sent.integer(&RECEIVER_TYPE)?;
        let email = sent.text(&EMAIL)?;
        let timeout = sent.optional_integer(&TIMEOUT)?.unwrap_or(DEFAULT_TIMEOUT);
        sent.optional_text(&LANG)?;
        let minutes = if timeout > MAX_TIMEOUT { SHORT_TIMEOUT } else { timeout };
        Ok(Self { email, valid_for: SignedDuration::from_mins(minutes.into()) })
    }

    /// Decides whether a code may be sent, after those that were sent to the address at these times.
    pub fn decide(sent_at: &[Timestamp], now: Timestamp) -> Ruling {
        let within = |span| sent_at.iter().filter(|at| now.duration_since(**at) < span).count();
        let mut ruling = Ruling::default();
        let are_left = || LIMITS.into_iter().all(|(span, limit)| within(span) < limit);
        let saw = || format!("codes for this address: {} in an hour, {} in a day", within(HOUR), within(DAY));
        ruling.check(&CODES_LEFT, are_left, saw);
        ruling
    }

    /// Returns true if a code that was sent at this time still counts for a limit.
    pub fn counts(sent_at: Timestamp, now: Timestamp) -> bool {
        now.duration_since(sent_at) < DAY
    }

    /// Returns the code with these digits, sent now.
    pub fn code(&self, digits: &str, now: Timestamp) -> VerificationCode {
        let expires_at = now.saturating_add(self.valid_for).unwrap_or(Timestamp::MAX);
        VerificationCode { code: digits.into(), expires_at, tries_left: TRIES }
    }
}
