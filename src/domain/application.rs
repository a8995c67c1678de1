//! An application: one well-formed request for real-name authentication. [`Application::parse`] is the only constructor.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::domain::account::CustomerId;
use crate::domain::bucket::PicturePath;
use crate::domain::certificate::{CertificateNumber, CertificateType};
use crate::domain::settings::Contract;

/// The fields of a request body, not yet checked.
#[derive(Clone, Debug, Default)]
pub struct RawApplication<'a> {
    pub customer_id: RawField<Cow<'a, str>>,
    pub identify_type: RawField<i32>,
    pub verified_file_url: RawField<Vec<Cow<'a, str>>>,
    pub name: RawField<Cow<'a, str>>,
    pub verified_number: RawField<Cow<'a, str>>,
    pub xaccount_type: RawField<Cow<'a, str>>,
    pub verified_type: RawField<i32>,
    pub change_type: RawField<i32>,
}

impl RawApplication<'_> {
    /// Returns the values of a parameter as text: none if it was not sent, or if its type is wrong.
    pub fn values(&self, parameter: Parameter) -> Vec<String> {
        fn one<T: ToString>(field: &RawField<T>) -> Vec<String> {
            if let RawField::Value(value) = field { vec![value.to_string()] } else { Vec::new() }
        }
        match parameter {
            Parameter::CustomerId => one(&self.customer_id),
            Parameter::IdentifyType => one(&self.identify_type),
            Parameter::VerifiedFileUrl => match &self.verified_file_url {
                RawField::Value(paths) => paths.iter().map(ToString::to_string).collect(),
                _ => Vec::new(),
            },
            Parameter::Name => one(&self.name),
            Parameter::VerifiedNumber => one(&self.verified_number),
            Parameter::XaccountType => one(&self.xaccount_type),
            Parameter::VerifiedType => one(&self.verified_type),
            Parameter::ChangeType => one(&self.change_type),
        }
    }
}

/// The customer's name. It is personal data, which `Debug` hides.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonName<'a>(Cow<'a, str>);

impl PersonName<'_> {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PersonName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName(…)")
    }
}

/// A well-formed application. It borrows its texts from the request where possible. There is no field for
/// `identify_type`, which is always 0.
#[derive(Clone, Debug)]
pub struct Application<'a> {
    pub customer_id: CustomerId,
    pub name: PersonName<'a>,
    pub certificate_type: &'static CertificateType,
    pub certificate_number: CertificateNumber,
    /// The pictures of the certificate: as many as its type requires, in the type's order.
    pub picture_paths: Vec<PicturePath<'a>>,
    pub xaccount_type: Cow<'a, str>,
    /// Whether `change_type` was sent. Its only value is -1.
    pub has_change_type: bool,
}

impl<'a> Application<'a> {
    /// Checks presence, type, length and range of each parameter, in the page's order, then what depends on several
    /// parameters. Returns the first error.
    pub fn parse(raw: RawApplication<'a>, contract: Contract) -> Result<Self, ParameterError> {
        let mut first = None;
        let parsed = Self::parse_all(raw, contract, |error| {
            first.get_or_insert(error);
        });
        parsed.ok_or_else(|| first.expect("what is not parsed has an error"))
    }

    /// Returns everything that is wrong with the parameters, in the order of the checks. Empty if nothing is.
    pub fn errors(raw: RawApplication<'a>, contract: Contract) -> Vec<ParameterError> {
        let mut errors = Vec::new();
        Self::parse_all(raw, contract, |error| errors.push(error));
        errors
    }

    /// Parses all parameters, also those behind one that is wrong. `None` if there was an error.
    fn parse_all(raw: RawApplication<'a>, contract: Contract, mut report: impl FnMut(ParameterError)) -> Option<Self> {
        let customer_id = text(Parameter::CustomerId, raw.customer_id).map_err(&mut report).ok();
        let identify_type = identify_type(raw.identify_type).map_err(&mut report).ok();
        let picture_paths = picture_paths(raw.verified_file_url).map_err(&mut report).ok();
        let name = text(Parameter::Name, raw.name).map_err(&mut report).ok();
        let number = text(Parameter::VerifiedNumber, raw.verified_number).map_err(&mut report).ok();
        let xaccount_type = text(Parameter::XaccountType, raw.xaccount_type).map_err(&mut report).ok();
        let certificate_type = certificate_type(raw.verified_type, contract).map_err(&mut report).ok();
        let has_change_type = has_change_type(raw.change_type).map_err(&mut report).ok();
        let (picture_paths, certificate_type) = (picture_paths?, certificate_type?);
        let expected = certificate_type.pictures.len();
        if picture_paths.len() != expected {
            report(error(Parameter::VerifiedFileUrl, Violation::PictureCount { expected }));
            return None;
        }
        identify_type?;
        Some(Self {
            customer_id: CustomerId::new(&customer_id?),
            name: PersonName(name?),
            certificate_type,
            certificate_number: CertificateNumber::new(&number?),
            picture_paths,
            xaccount_type: xaccount_type?,
            has_change_type: has_change_type?,
        })
    }

    /// Returns the values of a parameter as text: none if the parameter was not sent, several if it is a list.
    pub fn values(&self, parameter: Parameter) -> Vec<Cow<'_, str>> {
        let one = |value| vec![Cow::Borrowed(value)];
        match parameter {
            Parameter::CustomerId => one(self.customer_id.as_str()),
            Parameter::IdentifyType => one("0"),
            Parameter::VerifiedFileUrl => self.picture_paths.iter().map(|path| path.as_str().into()).collect(),
            Parameter::Name => one(self.name.as_str()),
            Parameter::VerifiedNumber => one(self.certificate_number.as_str()),
            Parameter::XaccountType => one(&self.xaccount_type),
            Parameter::VerifiedType => vec![self.certificate_type.number.to_string().into()],
            Parameter::ChangeType => self.has_change_type.then_some("-1".into()).into_iter().collect(),
        }
    }
}

const fn error(parameter: Parameter, violation: Violation) -> ParameterError {
    ParameterError { parameter: Some(parameter), violation }
}

fn mandatory<T>(parameter: Parameter, field: RawField<T>) -> Result<T, ParameterError> {
    optional(parameter, field)?.ok_or(error(parameter, Violation::Missing))
}

/// Returns the value of an optional field. `null` is an error (assumed: it is not a value of the type).
fn optional<T>(parameter: Parameter, field: RawField<T>) -> Result<Option<T>, ParameterError> {
    match field {
        RawField::Value(value) => Ok(Some(value)),
        RawField::Missing => Ok(None),
        RawField::Null => Err(error(parameter, Violation::Missing)),
        RawField::WrongType => Err(error(parameter, parameter.wrong_type())),
        RawField::Repeated => Err(error(parameter, Violation::Repeated)),
    }
}

/// Returns a mandatory text after checking its length in characters (Unicode scalar values).
fn text(parameter: Parameter, field: RawField<Cow<'_, str>>) -> Result<Cow<'_, str>, ParameterError> {
    let value = mandatory(parameter, field)?;
    let max = parameter.max_length();
    // There are never more characters than bytes.
    let fits = !value.is_empty() && (value.len() <= max || value.chars().count() <= max);
    if fits { Ok(value) } else { Err(error(parameter, Violation::Length { max })) }
}

fn constant(parameter: Parameter, value: i32, expected: i32, text: &'static str) -> Result<(), ParameterError> {
    if value == expected { Ok(()) } else { Err(error(parameter, Violation::NotOneOf(text))) }
}

fn identify_type(field: RawField<i32>) -> Result<(), ParameterError> {
    constant(Parameter::IdentifyType, mandatory(Parameter::IdentifyType, field)?, 0, "0")
}

fn certificate_type(field: RawField<i32>, contract: Contract) -> Result<&'static CertificateType, ParameterError> {
    let number = mandatory(Parameter::VerifiedType, field)?;
    let unknown = error(Parameter::VerifiedType, Violation::NotOneOf("the certificate types of the page"));
    CertificateType::parse(number, contract).ok_or(unknown)
}

fn has_change_type(field: RawField<i32>) -> Result<bool, ParameterError> {
    let change_type = optional(Parameter::ChangeType, field)?;
    change_type.map(|change_type| constant(Parameter::ChangeType, change_type, -1, "-1")).transpose()?;
    Ok(change_type.is_some())
}

fn picture_paths(field: RawField<Vec<Cow<'_, str>>>) -> Result<Vec<PicturePath<'_>>, ParameterError> {
    let parameter = Parameter::VerifiedFileUrl;
    let paths = mandatory(parameter, field)?;
    let max = parameter.max_length();
    if paths.is_empty() || paths.len() > max {
        return Err(error(parameter, Violation::Length { max }));
    }
    let parse = |(entry, path)| {
        PicturePath::parse(path).map_err(|violation| error(parameter, Violation::Path { entry, violation }))
    };
    paths.into_iter().enumerate().map(parse).collect()
}

/// A parameter of the request. They are in the page's order, which is also the order of the checks (assumed).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, EnumString, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
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
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns the page's description, without the list of certificate types.
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

    /// Returns the violation if a value has another JSON type.
    const fn wrong_type(self) -> Violation {
        match self {
            Self::IdentifyType | Self::VerifiedType | Self::ChangeType => Violation::NotInteger,
            Self::VerifiedFileUrl => Violation::NotTextList,
            Self::CustomerId | Self::Name | Self::VerifiedNumber | Self::XaccountType => Violation::NotText,
        }
    }

    /// Returns the maximum length: characters of a text, entries of the list (the page's "4 characters" is a slip).
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

#[derive(Clone, Debug, Default, PartialEq)]
pub enum RawField<T> {
    #[default]
    Missing,
    Null,
    /// It was of another JSON type, or a number that is not a 32-bit integer.
    WrongType,
    Repeated,
    Value(T),
}

/// Why a request is not a well-formed application.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {violation}", .parameter.map_or("body", Parameter::as_str))]
pub struct ParameterError {
    /// The field. `None` means the body as a whole.
    pub parameter: Option<Parameter>,
    pub violation: Violation,
}

/// A problem of a field or of the body. The texts are assumed: they follow the only answer of this kind that is known
/// of the real service, `id: must not be null`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    #[error("must not be null")]
    Missing,
    #[error("must not be given twice")]
    Repeated,
    #[error("must be a string")]
    NotText,
    #[error("must be a 32-bit integer")]
    NotInteger,
    #[error("must be a list of strings")]
    NotTextList,
    #[error("size must be between 1 and {max}")]
    Length { max: usize },
    #[error("must be one of {0}")]
    NotOneOf(&'static str),
    #[error("[{entry}] {violation}")]
    Path { entry: usize, violation: &'static str },
    #[error("must have {expected} entries for this verified_type")]
    PictureCount { expected: usize },
    #[error("Content-Type must be application/json")]
    ContentType,
    #[error("must be UTF-8")]
    NotUtf8,
    #[error("must be well-formed JSON")]
    NotJson,
    #[error("must be a JSON object")]
    NotObject,
}
