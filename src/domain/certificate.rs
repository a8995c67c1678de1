//! Certificates: their types, with the pictures that each requires, and their numbers.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::settings::Contract;
use crate::domain::bucket::PictureKind;
use crate::domain::bucket::PictureKind::{Back, Front, InHand};
use crate::domain::checks::Citation;

/// A certificate type: a row of the page's list under `verified_type`.
#[derive(Debug, PartialEq, Eq)]
pub struct CertificateType {
    pub number: i32,
    pub name: &'static str,
    /// The required pictures, in order.
    pub pictures: &'static [PictureKind],
    /// The contract editions that accept the type.
    pub editions: &'static [Contract],
}

const TWO: &[PictureKind] = &[Front, InHand];
const THREE: &[PictureKind] = &[Front, Back, InHand];
const BOTH: &[Contract] = &[Contract::March2023, Contract::January2026];
const OLD: &[Contract] = &[Contract::March2023];

const fn row(
    number: i32,
    name: &'static str,
    pictures: &'static [PictureKind],
    editions: &'static [Contract],
) -> CertificateType {
    CertificateType { number, name, pictures, editions }
}

pub static CERTIFICATE_TYPES: [CertificateType; 7] = [
    // Assumed: the page's list has no type 0, but its example does, with three pictures.
    row(0, "resident identity card", THREE, OLD),
    row(3, "passport", TWO, BOTH),
    row(5, "Exit-Entry Permit for Traveling to and from Hong Kong and Macao", THREE, BOTH),
    row(6, "Mainland Travel Permit for Taiwan Residents", THREE, BOTH),
    row(7, "international driver license", TWO, OLD),
    row(9, "Residence Permit for Hong Kong and Macao Residents", THREE, BOTH),
    row(10, "Residence Permit for Taiwan Residents", THREE, BOTH),
];

impl CertificateType {
    /// Returns the type with this number, if the edition accepts it.
    pub fn parse(number: i32, contract: Contract) -> Option<&'static Self> {
        CERTIFICATE_TYPES.iter().find(|row| row.number == number && row.editions.contains(&contract))
    }

    /// Returns the page's words, or the reason why the type is accepted without any.
    pub const fn citation(&self) -> Citation {
        match self.number {
            0 => Citation::assumed("The list has no type 0, but the example request has, and is answered with 200."),
            _ => Citation::documented("Certificate type."),
        }
    }
}

/// A certificate number. It is personal data, which `Debug` hides.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateNumber(Arc<str>);

impl CertificateNumber {
    /// Accepts any text: the length is checked when an application is parsed.
    pub fn new(number: &str) -> Self {
        Self(number.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CertificateNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CertificateNumber(…)")
    }
}

/// The result of verifying a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The certificate is genuine.
    #[default]
    Pass,
    /// The certificate is not genuine.
    Fail,
}

/// A listed certificate. A number that is not listed is a valid certificate of any person.
#[derive(Clone, Debug, Default)]
pub struct Certificate {
    /// Whether the number may not be used.
    pub blocked: bool,
    /// The holder's name. `None` means that any name agrees.
    pub holder: Option<Box<str>>,
    /// The result of its verification.
    pub verdict: Verdict,
}
