//! An application: one well-formed request for real-name authentication. [`Application::parse`] is the only constructor.

use std::borrow::Cow;
use std::fmt;

use crate::domain::account::CustomerId;
use crate::domain::bucket::PicturePath;
use crate::domain::certificate::{CertificateNumber, CertificateType};
use crate::domain::parameters::{Kind, Parameter, ParameterError, ParameterTable, SentParameters, Violation};
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

/// A well-formed application. It borrows its texts from the request where possible. There are no fields for `identify_type`
/// and `change_type`, which have only one value.
#[derive(Clone, Debug)]
pub struct Application<'a> {
    pub customer_id: CustomerId,
    pub name: PersonName<'a>,
    pub certificate_type: &'static CertificateType,
    pub certificate_number: CertificateNumber,
    /// The pictures of the certificate: as many as its type requires, in the type's order.
    pub picture_paths: Vec<PicturePath<'a>>,
    pub xaccount_type: Cow<'a, str>,
}

impl<'a> Application<'a> {
    /// Checks presence, type, length and range of each parameter, in the page's order, then what depends on several
    /// parameters. Returns the first error.
    pub fn parse(sent: &SentParameters<'a>, contract: Contract) -> Result<Self, ParameterError> {
        let mut first = None;
        let parsed = Self::parse_all(sent, contract, |error| {
            first.get_or_insert(error);
        });
        parsed.ok_or_else(|| first.expect("what is not parsed has an error"))
    }

    /// Returns everything that is wrong with the parameters, in the order of the checks. Empty if nothing is.
    pub fn errors(sent: &SentParameters<'a>, contract: Contract) -> Vec<ParameterError> {
        let mut errors = Vec::new();
        Self::parse_all(sent, contract, |error| errors.push(error));
        errors
    }

    /// Parses all parameters, also those behind one that is wrong. `None` if there was an error.
    fn parse_all(
        sent: &SentParameters<'a>,
        contract: Contract,
        mut report: impl FnMut(ParameterError),
    ) -> Option<Self> {
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
            report(VERIFIED_FILE_URL.error(Violation::PictureCount { expected }));
            return None;
        }
        identify_type?;
        change_type?;
        Some(Self {
            customer_id: CustomerId::new(&customer_id?),
            name: PersonName(name?),
            certificate_type,
            certificate_number: CertificateNumber::new(&number?),
            picture_paths,
            xaccount_type: xaccount_type?,
        })
    }
}

fn certificate_type(sent: &SentParameters<'_>, contract: Contract) -> Result<&'static CertificateType, ParameterError> {
    let number = sent.integer(&VERIFIED_TYPE)?;
    let unknown = VERIFIED_TYPE.error(Violation::NotOneOf("the certificate types of the page"));
    CertificateType::parse(number, contract).ok_or(unknown)
}

fn picture_paths<'a>(sent: &SentParameters<'a>) -> Result<Vec<PicturePath<'a>>, ParameterError> {
    let paths = sent.text_list(&VERIFIED_FILE_URL)?;
    let parse = |(entry, path): (usize, &Cow<'a, str>)| {
        let error = |violation| VERIFIED_FILE_URL.error(Violation::Path { entry, violation });
        PicturePath::parse(path.clone()).map_err(error)
    };
    paths.iter().enumerate().map(parse).collect()
}
