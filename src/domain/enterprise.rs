//! The parameters of an application of an enterprise, and of a change to one.

use std::borrow::Cow;

use crate::domain::account::CustomerId;
use crate::domain::application::{
    Application, ApplicationKind, AppliedName, CUSTOMER_ID, LegalPerson, VERIFIED_FILE_URL, VERIFIED_NUMBER,
    XACCOUNT_TYPE, picture_paths,
};
use crate::domain::bucket::PictureKind;
use crate::domain::certificate::CertificateNumber;
use crate::domain::parameters::{Kind, Parameter, ParameterError, ParameterTable, SentParameters, Violation};
use crate::domain::settings::Contract;

static IDENTIFY_TYPE: Parameter = Parameter::mandatory(
    "identify_type",
    Kind::Number { one_of: &[1], words: "1" },
    "Authentication method. 1: Using the enterprise certificate",
);
static CORP_NAME: Parameter = Parameter::mandatory(
    "corp_name",
    Kind::Text { min: 1, max: 255 },
    "Organization name. It cannot contain only digits, special characters or spaces.",
);
static CHANGE_TYPE: Parameter = Parameter::mandatory(
    "change_type",
    Kind::Number { one_of: &[1], words: "1" },
    "Change type. 1: Individual to enterprise",
);
static CERTIFICATE_TYPE: Parameter = Parameter::nullable(
    "certificate_type",
    Kind::Number { one_of: &[0, 1, 2, 3, 4, 99], words: "0, 1, 2, 3, 4 and 99" },
    "Enterprise certificate type. 0: business license; 1: legal person certificate of a public institution; 2: social \
     organization registration certificate; 3: certificate of an administrative law enforcement subject; 4: organization \
     code certificate; 99: other",
);
static REG_COUNTRY: Parameter = Parameter::nullable(
    "reg_country",
    Kind::Text { min: 0, max: 10 },
    "Two-letter code of the country where the enterprise is registered.",
);
static REG_ADDRESS: Parameter =
    Parameter::nullable("reg_address", Kind::Text { min: 0, max: 256 }, "Registration address of the enterprise.");
static ENTERPRISE_PERSON: Parameter =
    Parameter::nullable("enterprise_person", Kind::Object, "The legal person of the enterprise.");
/// The spelling is the page's.
static LEGAL_NAME: Parameter =
    Parameter::mandatory("enterprise_person.legel_name", Kind::Text { min: 1, max: 256 }, "Name of the legal person.");
static LEGAL_ID_NUMBER: Parameter = Parameter::mandatory(
    "enterprise_person.legel_id_number",
    Kind::Text { min: 1, max: 32 },
    "ID number of the legal person.",
);
static CERTIFIER_ROLE: Parameter = Parameter::nullable(
    "enterprise_person.certifier_role",
    Kind::Text { min: 0, max: 32 },
    "Role of the person: `legalPerson`.",
);

/// The parameters of an enterprise's application, in the page's order.
pub static ENTERPRISE: ParameterTable = &[
    &CUSTOMER_ID,
    &IDENTIFY_TYPE,
    &VERIFIED_FILE_URL,
    &CORP_NAME,
    &VERIFIED_NUMBER,
    &XACCOUNT_TYPE,
    &CERTIFICATE_TYPE,
    &REG_COUNTRY,
    &REG_ADDRESS,
    &ENTERPRISE_PERSON,
    &LEGAL_NAME,
    &LEGAL_ID_NUMBER,
    &CERTIFIER_ROLE,
];

/// The parameters of a change to an enterprise.
pub static CHANGE: ParameterTable = &[
    &CUSTOMER_ID,
    &IDENTIFY_TYPE,
    &VERIFIED_FILE_URL,
    &CORP_NAME,
    &VERIFIED_NUMBER,
    &CHANGE_TYPE,
    &XACCOUNT_TYPE,
    &CERTIFICATE_TYPE,
    &REG_COUNTRY,
    &REG_ADDRESS,
    &ENTERPRISE_PERSON,
    &LEGAL_NAME,
    &LEGAL_ID_NUMBER,
    &CERTIFIER_ROLE,
];

/// The two sides of the certificate, and then of the legal person's ID card, if there is one.
const WITHOUT_PERSON: &[PictureKind] = &[PictureKind::Front, PictureKind::Back];
const WITH_PERSON: &[PictureKind] =
    &[PictureKind::Front, PictureKind::Back, PictureKind::LegalPersonFront, PictureKind::LegalPersonBack];

pub(super) fn parse<'a>(
    kind: &'static ApplicationKind,
    sent: &SentParameters<'a>,
    _: Contract,
    mut report: &mut dyn FnMut(ParameterError),
) -> Option<Application<'a>> {
    let customer_id = sent.text(&CUSTOMER_ID).map_err(&mut report).ok();
    let identify_type = sent.integer(&IDENTIFY_TYPE).map_err(&mut report).ok();
    let picture_paths = picture_paths(sent).map_err(&mut report).ok();
    let corp_name = corp_name(sent).map_err(&mut report).ok();
    let number = sent.text(&VERIFIED_NUMBER).map_err(&mut report).ok();
    let change_type = sent.optional_integer(&CHANGE_TYPE).map_err(&mut report).ok();
    let xaccount_type = sent.text(&XACCOUNT_TYPE).map_err(&mut report).ok();
    let certificate_type = sent.optional_integer(&CERTIFICATE_TYPE).map_err(&mut report).ok();
    let [country, address] =
        [&REG_COUNTRY, &REG_ADDRESS].map(|parameter| sent.optional_text(parameter).map_err(&mut report).ok());
    let legal_person = legal_person(sent).map_err(|errors| errors.into_iter().for_each(&mut report)).ok();
    let (picture_paths, legal_person) = (picture_paths?, legal_person?);
    let (pictures, why) = match legal_person {
        Some(_) => (WITH_PERSON, "with an enterprise_person"),
        None => (WITHOUT_PERSON, "without an enterprise_person"),
    };
    if picture_paths.len() != pictures.len() {
        report(VERIFIED_FILE_URL.error(Violation::PictureCount { expected: pictures.len(), why }));
        return None;
    }
    identify_type?;
    change_type?;
    certificate_type?;
    country?;
    address?;
    Some(Application {
        kind,
        customer_id: CustomerId::new(&customer_id?),
        name: AppliedName::new(corp_name?),
        certificate_number: CertificateNumber::new(&number?),
        pictures,
        picture_paths,
        xaccount_type: xaccount_type?,
        legal_person,
    })
}

/// Returns the name of the organization. It has a letter: "only digits, special characters or spaces" are no name.
fn corp_name<'a>(sent: &SentParameters<'a>) -> Result<Cow<'a, str>, ParameterError> {
    let name = sent.text(&CORP_NAME)?;
    let is_name = name.chars().any(char::is_alphabetic);
    is_name.then_some(name).ok_or(CORP_NAME.error(Violation::NotA("more than digits, signs and spaces")))
}

/// Returns the legal person. `None` if it was not sent.
fn legal_person<'a>(sent: &SentParameters<'a>) -> Result<Option<LegalPerson<'a>>, Vec<ParameterError>> {
    if sent.value(&ENTERPRISE_PERSON).map_err(|error| vec![error])?.is_none() {
        return Ok(None);
    }
    match (sent.text(&LEGAL_NAME), sent.text(&LEGAL_ID_NUMBER), sent.optional_text(&CERTIFIER_ROLE)) {
        (Ok(name), Ok(id_number), Ok(_)) => Ok(Some(LegalPerson::new(name, &id_number))),
        (name, id_number, role) => Err([name.err(), id_number.err(), role.err()].into_iter().flatten().collect()),
    }
}
