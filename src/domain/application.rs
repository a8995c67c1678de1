//! Applications: well-formed requests for real-name authentication. [`ApplicationKind::parse`] is the only constructor.

use std::borrow::Cow;
use std::fmt;

use crate::domain::account::{CustomerId, CustomerType};
use crate::domain::bucket::{PictureKind, PicturePath};
use crate::domain::certificate::{CertificateNumber, CertificateType};
use crate::domain::checks::Citation;
use crate::domain::enterprise;
use crate::domain::parameters::{Kind, Parameter, ParameterError, ParameterTable, SentParameters, Violation};
use crate::domain::rules::{CHANGE_RULES, Condition, ENTERPRISE_RULES, RULES, Rule};
use crate::domain::settings::Contract;

pub static CUSTOMER_ID: Parameter = Parameter::mandatory(
    "customer_id",
    Kind::Text { min: 1, max: 64 },
    "Customer account ID. You can call the API in Querying Customers to obtain the customer ID.",
);
static IDENTIFY_TYPE: Parameter = Parameter::mandatory(
    "identify_type",
    Kind::Number { one_of: &[0], words: "0" },
    "Authentication method. 0: Using the individual certificate",
);
/// At most four entries: the page's "4 characters" is a slip.
pub static VERIFIED_FILE_URL: Parameter = Parameter::mandatory(
    "verified_file_url",
    Kind::TextList { max: 4 },
    "Images for real-name authentication must be uploaded to the download directory of the bucket.",
);
static NAME: Parameter = Parameter::mandatory("name", Kind::Text { min: 1, max: 255 }, "Name.");
pub static VERIFIED_NUMBER: Parameter =
    Parameter::mandatory("verified_number", Kind::Text { min: 1, max: 32 }, "Certificate number.");
pub static XACCOUNT_TYPE: Parameter = Parameter::mandatory(
    "xaccount_type",
    Kind::Text { min: 1, max: 64 },
    "Platform ID assigned by Huawei to a partner. This value is assigned by Huawei. For details about how to obtain the \
     platform ID, see How Do I Obtain the xaccountType Value?",
);
/// Its values are the rows of [`CERTIFICATE_TYPES`](crate::domain::CERTIFICATE_TYPES) that the contract has.
pub static VERIFIED_TYPE: Parameter = Parameter::mandatory(
    "verified_type",
    Kind::Integer { min: i32::MIN, max: i32::MAX },
    "Certificate type. This parameter needs to be specified only when identifyType is set to 0.",
);
static CHANGE_TYPE: Parameter = Parameter::optional(
    "change_type",
    Kind::Number { one_of: &[-1], words: "-1" },
    "Change type. -1: First time real-name authentication",
);

/// The parameters of an application, in the page's order.
pub static APPLICATION: ParameterTable = &[
    &CUSTOMER_ID,
    &IDENTIFY_TYPE,
    &VERIFIED_FILE_URL,
    &NAME,
    &VERIFIED_NUMBER,
    &XACCOUNT_TYPE,
    &VERIFIED_TYPE,
    &CHANGE_TYPE,
];

/// What is applied for: a kind of application with its own page.
#[derive(Debug)]
pub struct ApplicationKind {
    pub customer_type: CustomerType,
    /// Whether an individual becomes an enterprise by it.
    pub is_change: bool,
    /// Whether the customer holds the certificate from then on.
    pub holds_certificate: bool,
    pub rules: &'static [&'static Rule],
    /// Where the rules come from, if it is not the page that they cite.
    pub basis: Option<Citation>,
    parse: Parse,
}

/// Parses all parameters, also those behind one that is wrong, and reports what is wrong. `None` if anything is.
type Parse = for<'a> fn(
    &'static ApplicationKind,
    &SentParameters<'a>,
    Contract,
    &mut dyn FnMut(ParameterError),
) -> Option<Application<'a>>;

/// For an individual: the page that this project began with.
pub static INDIVIDUAL_APPLICATION: ApplicationKind = ApplicationKind {
    customer_type: CustomerType::Individual,
    is_change: false,
    holds_certificate: true,
    rules: &RULES,
    basis: None,
    parse: parse_individual,
};

/// For an enterprise.
pub static ENTERPRISE_APPLICATION: ApplicationKind = ApplicationKind {
    customer_type: CustomerType::Enterprise,
    is_change: false,
    holds_certificate: false,
    rules: &ENTERPRISE_RULES,
    basis: Some(Citation::assumed(
        "The error table of this API's international page is not public: the conditions and the codes are those of an \
         individual's application that the Chinese page of this API lists too.",
    )),
    parse: enterprise::parse,
};

/// To change an individual to an enterprise.
pub static CHANGE_APPLICATION: ApplicationKind = ApplicationKind {
    customer_type: CustomerType::Enterprise,
    is_change: true,
    holds_certificate: false,
    rules: &CHANGE_RULES,
    basis: Some(Citation::assumed(
        "No error table of this API is public: the conditions and the codes are those of an enterprise's application, and \
         the customer has to be an authenticated individual, as the page says.",
    )),
    parse: enterprise::parse,
};

/// The name that is to be authenticated. It is personal data, which `Debug` hides.
#[derive(Clone, PartialEq, Eq)]
pub struct AppliedName<'a>(Cow<'a, str>);

impl<'a> AppliedName<'a> {
    pub(super) const fn new(name: Cow<'a, str>) -> Self {
        Self(name)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AppliedName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppliedName(…)")
    }
}

/// The legal person of an enterprise.
#[derive(Clone, Debug)]
pub struct LegalPerson<'a> {
    pub name: AppliedName<'a>,
    pub id_number: CertificateNumber,
}

impl<'a> LegalPerson<'a> {
    pub(super) fn new(name: Cow<'a, str>, id_number: &str) -> Self {
        Self { name: AppliedName(name), id_number: CertificateNumber::new(id_number) }
    }
}

/// A well-formed application. It borrows its texts from the request where possible.
#[derive(Clone, Debug)]
pub struct Application<'a> {
    pub kind: &'static ApplicationKind,
    pub customer_id: CustomerId,
    /// Of the person, or of the organization.
    pub name: AppliedName<'a>,
    pub certificate_number: CertificateNumber,
    /// The pictures that its certificates require, in order.
    pub pictures: &'static [PictureKind],
    /// As many as there are pictures.
    pub picture_paths: Vec<PicturePath<'a>>,
    pub xaccount_type: Cow<'a, str>,
    pub legal_person: Option<LegalPerson<'a>>,
}

impl ApplicationKind {
    /// Checks presence, type, length and range of each parameter, in the page's order, then what depends on several
    /// parameters. Returns the first error.
    pub fn parse<'a>(
        &'static self,
        sent: &SentParameters<'a>,
        contract: Contract,
    ) -> Result<Application<'a>, ParameterError> {
        let mut first = None;
        let parsed = (self.parse)(self, sent, contract, &mut |error| {
            first.get_or_insert(error);
        });
        parsed.ok_or_else(|| first.expect("what is not parsed has an error"))
    }

    /// Returns the rules as conditions, each with where it comes from.
    pub fn conditions(&self) -> impl Iterator<Item = Condition> {
        self.rules.iter().map(|rule| Condition { citation: self.basis.unwrap_or(rule.citation), ..rule.condition() })
    }

    /// Returns everything that is wrong with the parameters, in the order of the checks. Empty if nothing is.
    pub fn errors(&'static self, sent: &SentParameters<'_>, contract: Contract) -> Vec<ParameterError> {
        let mut errors = Vec::new();
        (self.parse)(self, sent, contract, &mut |error| errors.push(error));
        errors
    }
}

fn parse_individual<'a>(
    kind: &'static ApplicationKind,
    sent: &SentParameters<'a>,
    contract: Contract,
    mut report: &mut dyn FnMut(ParameterError),
) -> Option<Application<'a>> {
    let customer_id = sent.text(&CUSTOMER_ID).map_err(&mut report).ok();
    let identify_type = sent.integer(&IDENTIFY_TYPE).map_err(&mut report).ok();
    let picture_paths = picture_paths(sent).map_err(&mut report).ok();
    let name = sent.text(&NAME).map_err(&mut report).ok();
    let number = sent.text(&VERIFIED_NUMBER).map_err(&mut report).ok();
    let xaccount_type = sent.text(&XACCOUNT_TYPE).map_err(&mut report).ok();
    let certificate_type = certificate_type(sent, contract).map_err(&mut report).ok();
    let change_type = sent.optional_integer(&CHANGE_TYPE).map_err(&mut report).ok();
    let (picture_paths, certificate_type) = (picture_paths?, certificate_type?);
    let expected = certificate_type.pictures.len();
    if picture_paths.len() != expected {
        report(VERIFIED_FILE_URL.error(Violation::PictureCount { expected, why: "for this verified_type" }));
        return None;
    }
    identify_type?;
    change_type?;
    Some(Application {
        kind,
        customer_id: CustomerId::new(&customer_id?),
        name: AppliedName(name?),
        certificate_number: CertificateNumber::new(&number?),
        pictures: certificate_type.pictures,
        picture_paths,
        xaccount_type: xaccount_type?,
        legal_person: None,
    })
}

fn certificate_type(sent: &SentParameters<'_>, contract: Contract) -> Result<&'static CertificateType, ParameterError> {
    let number = sent.integer(&VERIFIED_TYPE)?;
    let unknown = VERIFIED_TYPE.error(Violation::NotOneOf("the certificate types of the page"));
    CertificateType::parse(number, contract).ok_or(unknown)
}

pub(super) fn picture_paths<'a>(sent: &SentParameters<'a>) -> Result<Vec<PicturePath<'a>>, ParameterError> {
    let paths = sent.text_list(&VERIFIED_FILE_URL)?;
    let parse = |(entry, path): (usize, &Cow<'a, str>)| {
        let error = |violation| VERIFIED_FILE_URL.error(Violation::Path { entry, violation });
        PicturePath::parse(path.clone()).map_err(error)
    };
    paths.iter().enumerate().map(parse).collect()
}
