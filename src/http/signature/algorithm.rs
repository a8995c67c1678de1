//! The signing algorithms of the official SDKs: their hashes, and how a signature is verified with the secret key alone.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use p256::NistP256;
use p256::ecdsa::signature::Verifier;
use p256::elliptic_curve::ff::{Field, PrimeField};
use p256::elliptic_curve::{CurveArithmetic, FieldBytes, NonZeroScalar, PublicKey};
use sha2::{Digest, Sha256};
use sm2::Sm2;
use sm3::Sm3;
use strum::{EnumString, IntoStaticStr};

/// Who signs with SM2. The standard's own example has this one, and so do the SDKs.
const SM2_SIGNER: &str = "1234567812345678";

/// A signing algorithm, by its name in the header.
#[derive(Clone, Copy, Debug, PartialEq, EnumString, IntoStaticStr)]
pub enum Algorithm {
    #[strum(serialize = "SDK-HMAC-SHA256")]
    Sha256,
    #[strum(serialize = "SDK-HMAC-SM3")]
    Sm3,
    /// With a key derived for a day, a region and a service.
    #[strum(serialize = "V11-HMAC-SHA256")]
    DerivedSha256,
    /// With a pair of keys derived from the access key.
    #[strum(serialize = "SDK-ECDSA-P256-SHA256")]
    EcdsaSha256,
    #[strum(serialize = "SDK-SM2-SM3")]
    Sm2Sm3,
}

impl Algorithm {
    /// The header that may give the payload's hash.
    pub const fn payload_header(self) -> &'static str {
        match self {
            Self::Sha256 | Self::DerivedSha256 | Self::EcdsaSha256 => "x-sdk-content-sha256",
            Self::Sm3 | Self::Sm2Sm3 => "x-sdk-content-sm3",
        }
    }

    /// The hash of some bytes, in hexadecimal.
    pub fn hash(self, bytes: &[u8]) -> String {
        match self {
            Self::Sha256 | Self::DerivedSha256 | Self::EcdsaSha256 => digits(&Sha256::digest(bytes)),
            Self::Sm3 | Self::Sm2Sm3 => digits(&Sm3::digest(bytes)),
        }
    }

    /// Verifies a signature, in constant time. `scope` is the day, region and service of a derived key.
    pub fn verify(self, ak: &str, sk: &str, scope: &str, text: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Sha256 => is_signed::<Hmac<Sha256>>(sk.as_bytes(), text, signature),
            Self::Sm3 => is_signed::<Hmac<Sm3>>(sk.as_bytes(), text, signature),
            Self::DerivedSha256 => {
                let mut key = [0; 32];
                let derived =
                    Hkdf::<Sha256>::new(Some(ak.as_bytes()), sk.as_bytes()).expand(scope.as_bytes(), &mut key);
                derived.is_ok() && is_signed::<Hmac<Sha256>>(digits(&key).as_bytes(), text, signature)
            }
            Self::EcdsaSha256 => {
                let Ok(signature) = p256::ecdsa::Signature::from_der(signature) else { return false };
                let key = self.public_key::<NistP256, Hmac<Sha256>>(ak, sk).map(p256::ecdsa::VerifyingKey::from);
                key.is_some_and(|key| key.verify(text, &signature).is_ok())
            }
            Self::Sm2Sm3 => {
                let Ok(signature) = sm2::dsa::Signature::from_der(signature) else { return false };
                let key = self.public_key::<Sm2, Hmac<Sm3>>(ak, sk);
                let key = key.and_then(|key| sm2::dsa::VerifyingKey::new(SM2_SIGNER, key).ok());
                key.is_some_and(|key| key.verify(text, &signature).is_ok())
            }
        }
    }

    /// Derives the public key of an access key, as the SDKs derive the private one: from the first of some hashes that is a
    /// number below the curve's order less one, which is added.
    fn public_key<C: CurveArithmetic, M: Mac + KeyInit>(self, ak: &str, sk: &str) -> Option<PublicKey<C>> {
        let name: &str = self.into();
        let candidate = |counter: u8| {
            let mac = <M as KeyInit>::new_from_slice(sk.as_bytes()).expect("HMAC takes a key of any length");
            let mac = mac.chain_update([0, 0, 0, 1]).chain_update(name).chain_update([0]);
            let mac = mac.chain_update(ak).chain_update([counter]).chain_update([0, 0, 1, 0]);
            let number = FieldBytes::<C>::try_from(&*mac.finalize().into_bytes()).ok()?;
            let number = Option::<C::Scalar>::from(C::Scalar::from_repr(number))?;
            Option::from(NonZeroScalar::<C>::new(number + C::Scalar::ONE))
        };
        (0..u8::MAX).find_map(candidate).map(|key| PublicKey::from_secret_scalar(&key))
    }
}

/// Bytes in hexadecimal. `hex::encode` takes several times as long, since it pushes single characters.
fn digits(bytes: &[u8]) -> String {
    let mut digits = vec![0; bytes.len() * 2];
    hex::encode_to_slice(bytes, &mut digits).expect("the buffer has two digits for each byte");
    String::from_utf8(digits).expect("hexadecimal digits are UTF-8")
}

fn is_signed<M: Mac + KeyInit>(key: &[u8], text: &[u8], signature: &[u8]) -> bool {
    let mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.chain_update(text).verify_slice(signature).is_ok()
}
