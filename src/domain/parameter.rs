//! The page's "Request Parameters": one row here for one row there.

use std::fmt;

/// A parameter of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the page's")]
pub enum Parameter {
    CustomerId,
    IdentifyType,
    VerifiedFileUrl,
    Name,
    VerifiedNumber,
    XaccountType,
    VerifiedType,
    ChangeType,
}

impl Parameter {
    /// Every parameter, in the page's order: also the order in which they are checked (assumed).
    pub const ALL: &[Self] = &[
        Self::CustomerId,
        Self::IdentifyType,
        Self::VerifiedFileUrl,
        Self::Name,
        Self::VerifiedNumber,
        Self::XaccountType,
        Self::VerifiedType,
        Self::ChangeType,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CustomerId => "customer_id",
            Self::IdentifyType => "identify_type",
            Self::VerifiedFileUrl => "verified_file_url",
            Self::Name => "name",
            Self::VerifiedNumber => "verified_number",
            Self::XaccountType => "xaccount_type",
            Self::VerifiedType => "verified_type",
            Self::ChangeType => "change_type",
        }
    }

    /// The page's description; of a type of certificate, without the list of them.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::CustomerId => {
                "Customer account ID. You can call the API in Querying Customers to obtain the customer ID."
            }
            Self::IdentifyType => "Authentication method. 0: Using the individual certificate",
            Self::VerifiedFileUrl => {
                "Images for real-name authentication must be uploaded to the download directory of the bucket."
            }
            Self::Name => "Name.",
            Self::VerifiedNumber => "Certificate number.",
            Self::XaccountType => {
                "Platform ID assigned by Huawei to a partner. This value is assigned by Huawei. For details about how to \
                 obtain the platform ID, see How Do I Obtain the xaccountType Value?"
            }
            Self::VerifiedType => {
                "Certificate type. This parameter needs to be specified only when identifyType is set to 0."
            }
            Self::ChangeType => "Change type. -1: First time real-name authentication",
        }
    }

    /// The parameter with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|parameter| parameter.as_str() == name)
    }

    /// The most that the value may have: characters of a text, entries of the list (where the page's
    /// "4 characters" is a slip).
    #[must_use]
    pub const fn max_length(self) -> usize {
        match self {
            Self::CustomerId | Self::XaccountType => 64,
            Self::Name => 255,
            Self::VerifiedNumber => 32,
            Self::VerifiedFileUrl => 4,
            Self::IdentifyType | Self::VerifiedType | Self::ChangeType => usize::MAX,
        }
    }
}

/// What one field of a request body held, before anything is made of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Given<T> {
    /// The field was not there.
    #[default]
    Missing,
    /// It was `null`.
    Null,
    /// It was of another JSON type, or a number that is no 32-bit integer.
    WrongType,
    /// It was there more than once.
    Repeated,
    /// A value of the right type.
    Value(T),
}

/// Why a request is no well-formed application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterError {
    /// The field; absent: the body as a whole.
    pub parameter: Option<Parameter>,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What can be wrong with a field or with the body. The texts are assumed: they follow the one answer of
/// this kind that is known of the real service, `id: must not be null`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is described by its text below")]
pub enum Problem {
    Missing,
    Repeated,
    NotText,
    NotInteger,
    NotTextList,
    Length { max: usize },
    NotOneOf(&'static str),
    Path { entry: usize, problem: &'static str },
    PictureCount { expected: usize },
    ContentType,
    NotUtf8,
    NotJson,
    NotObject,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("must not be null"),
            Self::Repeated => f.write_str("must not be given twice"),
            Self::NotText => f.write_str("must be a string"),
            Self::NotInteger => f.write_str("must be a 32-bit integer"),
            Self::NotTextList => f.write_str("must be a list of strings"),
            Self::Length { max } => write!(f, "size must be between 1 and {max}"),
            Self::NotOneOf(values) => write!(f, "must be one of {values}"),
            Self::Path { entry, problem } => write!(f, "[{entry}] {problem}"),
            Self::PictureCount { expected } => write!(f, "must have {expected} entries for this verified_type"),
            Self::ContentType => f.write_str("Content-Type must be application/json"),
            Self::NotUtf8 => f.write_str("must be UTF-8"),
            Self::NotJson => f.write_str("must be well-formed JSON"),
            Self::NotObject => f.write_str("must be a JSON object"),
        }
    }
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.parameter.map_or("body", Parameter::as_str);
        write!(f, "{place}: {}", self.problem)
    }
}
