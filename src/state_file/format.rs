//! The keys of the file. `save` writes the same keys one by one.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::{Credentials, ScriptedAnswer, Secret, TimestampText, Verdict};
use crate::fixture::{CustomerSpec, PartnerSpec, ScenarioSpec};

/// What every state begins with, whatever its version is.
pub(super) const FORMAT: &str = "bss-sim state";

/// The version that is written, and the only one that is read.
pub(super) const VERSION: u64 = 1;

/// What a file says it is.
#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) version: u64,
}

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StateSpec {
    #[serde(rename = "format")]
    _format: String,
    #[serde(rename = "version")]
    _version: u64,
    /// The version of the program, for people.
    #[serde(rename = "written_by")]
    _written_by: String,
    /// What the default space began from.
    pub(super) served: Option<SourceSpec>,
    pub(super) spaces: Vec<SpaceSpec>,
    pub(super) starts: Vec<StartSpec>,
}

/// A scenario of the library, by what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceSpec {
    pub(super) scenario: Arc<str>,
    pub(super) sha256: Box<str>,
}

/// A world that spaces began from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StartSpec {
    /// Where it is from, unless a control call brought it or its file has changed since.
    #[serde(default)]
    pub(super) source: Option<SourceSpec>,
    pub(super) world: ScenarioSpec,
}

/// A space. What is empty is left out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpaceSpec {
    pub(super) id: String,
    #[serde(default)]
    pub(super) label: Option<String>,
    pub(super) created: TimestampText,
    pub(super) last_used: TimestampText,
    pub(super) scenario: Arc<str>,
    /// The place of its start among `starts`.
    pub(super) start: usize,
    /// The token, the access key and the user that the space gave each partner of its start, in their order.
    #[serde(default)]
    pub(super) credentials: Vec<Credentials>,
    /// When its state began.
    pub(super) started: TimestampText,
    #[serde(default)]
    pub(super) clock: ClockSpec,
    #[serde(default)]
    pub(super) customers: Vec<ChangedCustomerSpec>,
    #[serde(default)]
    pub(super) deleted_customers: Vec<DeletedCustomerSpec>,
    #[serde(default)]
    pub(super) certificates: Vec<ChangedCertificateSpec>,
    /// All partners, if any has changed.
    #[serde(default)]
    pub(super) partners: Option<Vec<PartnerSpec>>,
    /// All scripted answers, if any has matched, or if some have come or gone.
    #[serde(default)]
    pub(super) script: Option<ScriptSpec>,
    /// Issued tokens, the oldest first.
    #[serde(default)]
    pub(super) tokens: Vec<TokenSpec>,
    #[serde(default)]
    pub(super) lockouts: Vec<LockoutSpec>,
    #[serde(default)]
    pub(super) mailboxes: Vec<MailboxSpec>,
    #[serde(default)]
    pub(super) codes_drawn: u64,
    #[serde(default)]
    pub(super) coverage: Vec<CoveredSpec>,
    #[serde(default)]
    pub(super) last_number: u64,
}

/// A clock that is not the machine's.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClockSpec {
    /// By ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ahead: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) frozen_at: Option<TimestampText>,
}

/// A customer that has changed, and the numbers of the certificates that it holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangedCustomerSpec {
    pub(super) customer: CustomerSpec,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) holds: Vec<String>,
}

/// A customer that is not there, or not there any more.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeletedCustomerSpec {
    pub(super) id: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) holds: Vec<String>,
}

/// A certificate that was put, or deleted: then it is not listed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangedCertificateSpec {
    pub(super) number: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) listed: Option<ListedSpec>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListedSpec {
    pub(super) blocked: bool,
    pub(super) verdict: Verdict,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) holder: Option<Box<str>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScriptSpec {
    /// The place of the first answer of the start.
    #[serde(default)]
    pub(super) first_place: usize,
    pub(super) next_place: usize,
    pub(super) answers: Vec<UsedAnswerSpec>,
}

/// A scripted answer with its uses.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UsedAnswerSpec {
    pub(super) place: usize,
    pub(super) matched: usize,
    pub(super) used: usize,
    /// Those of the start have the first places since it began, and are not repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) answer: Option<Arc<ScriptedAnswer>>,
}

/// A token that was issued to one of the two.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenSpec {
    pub(super) token: Secret,
    /// The account ID of a partner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) partner: Option<Box<str>>,
    /// The account ID of a customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) customer: Option<String>,
    pub(super) expires: TimestampText,
}

/// An outcome, with the request that got it last.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CoveredSpec {
    pub(super) outcome: String,
    pub(super) request_id: String,
}

/// The wrong signatures of an access key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LockoutSpec {
    pub(super) ak: Box<str>,
    pub(super) in_a_row: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) locked_at: Option<TimestampText>,
}

/// The verification codes of a mail address.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MailboxSpec {
    pub(super) email: Box<str>,
    pub(super) sent: Vec<TimestampText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<CodeSpec>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeSpec {
    pub(super) code: Box<str>,
    pub(super) expires: TimestampText,
    pub(super) tries_left: u32,
}
