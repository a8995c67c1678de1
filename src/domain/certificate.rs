//! Certificates: their types with the pictures each needs, and their numbers.

use std::fmt;
use std::sync::Arc;

use super::settings::Contract;
use crate::domain::bucket::PictureKind;
use crate::domain::bucket::PictureKind::{Back, Front, InHand};
use crate::domain::checks::Citation;

/// One certificate type: a row of the page's list under `verified_type`.
#[derive(Debug, PartialEq, Eq)]
pub struct CertificateType {
    /// The number on the wire.
    pub number: i32,
    /// The name in the page.
    pub name: &'static str,
    /// The pictures to be uploaded, in their order.
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

/// Every certificate type that any edition knows.
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
    /// The type with this number, if the edition accepts it.
    pub fn parse(number: i32, contract: Contract) -> Option<&'static Self> {
        CERTIFICATE_TYPES.iter().find(|row| row.number == number && row.editions.contains(&contract))
    }

    /// The page's words, or the reason why the type is accepted without any.
    pub const fn citation(&self) -> Citation {
        match self.number {
            0 => Citation::assumed("The list has no type 0, but the example request has, and is answered with 200."),
            _ => Citation::documented("Certificate type."),
        }
    }
}

/// A certificate number. Personal data: its `Debug` shows no digit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateNumber(Arc<str>);

impl CertificateNumber {
    /// Takes any text; an application has checked its length.
    pub fn new(number: &str) -> Self {
        Self(number.into())
    }

    /// The number itself, for comparing and for the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CertificateNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CertificateNumber(…)")
    }
}

/// How the verification of a certificate ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// It is genuine.
    #[default]
    Pass,
    /// It is not.
    Fail,
}

/// What the world knows of one certificate. A number that is not listed is anybody's valid certificate.
#[derive(Clone, Debug, Default)]
pub struct Certificate {
    /// The number is on the list of certificates that may not be used.
    pub blocked: bool,
    /// The name of the one holder; absent: any name agrees.
    pub holder: Option<Box<str>>,
    /// How its verification ends.
    pub verdict: Verdict,
}
