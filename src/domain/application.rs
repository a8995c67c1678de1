//! An application: one well-formed request for real-name authentication. Parsing is the only way to make one.

use std::borrow::Cow;
use std::fmt;

use super::attachment::{Attachment, AttachmentKind};
use super::certificate::{CertificateNumber, CertificateType};
use super::customer::CustomerId;
use super::parameter::{Given, Parameter, ParameterError, Problem};
use super::settings::Contract;

/// The fields of a request body as they were given.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are the page's parameters")]
pub struct Draft<'a> {
    pub customer_id: Given<Cow<'a, str>>,
    pub identify_type: Given<i32>,
    pub verified_file_url: Given<Vec<Cow<'a, str>>>,
    pub name: Given<Cow<'a, str>>,
    pub verified_number: Given<Cow<'a, str>>,
    pub xaccount_type: Given<Cow<'a, str>>,
    pub verified_type: Given<i32>,
    pub change_type: Given<i32>,
}

/// The customer's name. Personal data: its `Debug` shows no letter.
#[derive(Clone, PartialEq, Eq)]
pub struct Name<'a>(Cow<'a, str>);

impl Name<'_> {
    /// The name itself, for comparing.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Name(…)")
    }
}

/// A well-formed application, as far as can be in the words of the request. `identify_type` is 0 and `change_type` -1 or absent: nothing else is well-formed.
#[derive(Clone, Debug)]
pub struct Application<'a> {
    /// Who is to be authenticated.
    pub customer_id: CustomerId,
    /// The customer's name.
    pub name: Name<'a>,
    /// The kind of certificate.
    pub certificate_type: &'static CertificateType,
    /// Its number.
    pub certificate_number: CertificateNumber,
    /// Its pictures: as many as the type wants, in its order.
    pub attachments: Vec<Attachment<'a>>,
    /// The platform ID.
    pub xaccount_type: Cow<'a, str>,
    /// True when `change_type` was given.
    pub has_change_type: bool,
}

impl<'a> Application<'a> {
    /// Checks presence, type, length and range of each parameter, in the page's order, and how they
    /// go together.
    ///
    /// # Errors
    /// The first parameter that is not as the page says.
    pub fn parse(draft: Draft<'a>, contract: Contract) -> Result<Self, ParameterError> {
        let customer_id = text(Parameter::CustomerId, draft.customer_id)?;
        constant(Parameter::IdentifyType, mandatory(Parameter::IdentifyType, draft.identify_type)?, 0, "0")?;
        let attachments = attachments(draft.verified_file_url)?;
        let name = text(Parameter::Name, draft.name)?;
        let number = text(Parameter::VerifiedNumber, draft.verified_number)?;
        let xaccount_type = text(Parameter::XaccountType, draft.xaccount_type)?;
        let certificate_type = mandatory(Parameter::VerifiedType, draft.verified_type)?;
        let certificate_type = CertificateType::parse(certificate_type, contract)
            .ok_or(error(Parameter::VerifiedType, Problem::NotOneOf("the certificate types of the page")))?;
        let change_type = optional(Parameter::ChangeType, draft.change_type)?;
        if let Some(change_type) = change_type {
            constant(Parameter::ChangeType, change_type, -1, "-1")?;
        }
        let expected = certificate_type.pictures.len();
        if attachments.len() != expected {
            return Err(error(Parameter::VerifiedFileUrl, Problem::PictureCount { expected }));
        }
        Ok(Self {
            customer_id: CustomerId::new(&customer_id),
            name: Name(name),
            certificate_type,
            certificate_number: CertificateNumber::new(&number),
            attachments,
            xaccount_type,
            has_change_type: change_type.is_some(),
        })
    }

    /// The attachments, each with its kind.
    pub fn pictures(&self) -> impl Iterator<Item = (AttachmentKind, &Attachment<'a>)> {
        self.certificate_type.pictures.iter().copied().zip(&self.attachments)
    }

    /// The values that a parameter has, as text: none when it is absent, several for the list.
    #[must_use]
    pub fn values(&self, parameter: Parameter) -> Vec<Cow<'_, str>> {
        let one = |value| vec![Cow::Borrowed(value)];
        match parameter {
            Parameter::CustomerId => one(self.customer_id.as_str()),
            Parameter::IdentifyType => one("0"),
            Parameter::VerifiedFileUrl => self.attachments.iter().map(|path| path.as_str().into()).collect(),
            Parameter::Name => one(self.name.as_str()),
            Parameter::VerifiedNumber => one(self.certificate_number.as_str()),
            Parameter::XaccountType => one(&self.xaccount_type),
            Parameter::VerifiedType => vec![self.certificate_type.number.to_string().into()],
            Parameter::ChangeType => self.has_change_type.then_some("-1".into()).into_iter().collect(),
        }
    }
}

const fn error(parameter: Parameter, problem: Problem) -> ParameterError {
    ParameterError { parameter: Some(parameter), problem }
}

/// A field that has to be there.
fn mandatory<T: Typed>(parameter: Parameter, given: Given<T>) -> Result<T, ParameterError> {
    optional(parameter, given)?.ok_or(error(parameter, Problem::Missing))
}

/// A field that may be left out, but not be `null` (assumed: `null` is no value of its type).
fn optional<T: Typed>(parameter: Parameter, given: Given<T>) -> Result<Option<T>, ParameterError> {
    match given {
        Given::Value(value) => Ok(Some(value)),
        Given::Missing => Ok(None),
        Given::Null => Err(error(parameter, Problem::Missing)),
        Given::WrongType => Err(error(parameter, T::WRONG)),
        Given::Repeated => Err(error(parameter, Problem::Repeated)),
    }
}

/// The JSON types of the parameters, with what is said of a value of another one.
trait Typed {
    const WRONG: Problem;
}

impl Typed for Cow<'_, str> {
    const WRONG: Problem = Problem::NotText;
}

impl Typed for i32 {
    const WRONG: Problem = Problem::NotInteger;
}

impl Typed for Vec<Cow<'_, str>> {
    const WRONG: Problem = Problem::NotTextList;
}

/// A mandatory text of 1 to so many characters (Unicode scalar values).
fn text(parameter: Parameter, given: Given<Cow<'_, str>>) -> Result<Cow<'_, str>, ParameterError> {
    let value = mandatory(parameter, given)?;
    let max = parameter.max_length();
    // A text has no more characters than bytes, so that most need no counting.
    let fits = !value.is_empty() && (value.len() <= max || value.chars().count() <= max);
    if fits { Ok(value) } else { Err(error(parameter, Problem::Length { max })) }
}

fn constant(parameter: Parameter, value: i32, expected: i32, text: &'static str) -> Result<(), ParameterError> {
    if value == expected { Ok(()) } else { Err(error(parameter, Problem::NotOneOf(text))) }
}

fn attachments(given: Given<Vec<Cow<'_, str>>>) -> Result<Vec<Attachment<'_>>, ParameterError> {
    let parameter = Parameter::VerifiedFileUrl;
    let paths = mandatory(parameter, given)?;
    let max = parameter.max_length();
    if paths.is_empty() || paths.len() > max {
        return Err(error(parameter, Problem::Length { max }));
    }
    let mut attachments = Vec::with_capacity(paths.len());
    for (entry, path) in paths.into_iter().enumerate() {
        let attachment = Attachment::parse(path);
        attachments.push(attachment.map_err(|problem| error(parameter, Problem::Path { entry, problem }))?);
    }
    Ok(attachments)
}
