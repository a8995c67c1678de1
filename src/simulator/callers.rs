//! Callers: whose credentials these are.

use jiff::Timestamp;

use super::era::Era;
use super::tokens::IssuedToken;
use crate::domain::caller::Caller;
use crate::domain::settings::Authentication;

/// Why a token lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Nobody has it.
    Unknown,
    /// It was good until then.
    Expired(Timestamp),
}

impl Era {
    /// Whose token this is: listed in the world, or issued by IAM.
    ///
    /// # Errors
    /// When it is nobody's, or has expired on the clock of the space.
    pub fn caller_by_token(&self, token: &str) -> Result<Caller, TokenError> {
        if let Some(caller) = self.directory().caller_by_token(token) {
            return Ok(caller.clone());
        }
        match self.tokens.find(token) {
            Some((_, expires_at)) if self.clock.now() >= expires_at => Err(TokenError::Expired(expires_at)),
            Some((caller, _)) => self.present(caller).ok_or(TokenError::Unknown),
            None => self.stranger().ok_or(TokenError::Unknown),
        }
    }

    /// The caller as it is now: a partner may have been changed, or deleted, since its token was issued.
    fn present(&self, caller: Caller) -> Option<Caller> {
        match caller {
            Caller::Partner(partner) => self.directory().partner(&partner.name).cloned().map(Caller::Partner),
            Caller::Customer(_) => Some(caller),
        }
    }

    /// Who somebody with unknown credentials is: with lenient authentication the first partner, else nobody.
    #[must_use]
    pub fn stranger(&self) -> Option<Caller> {
        let is_lenient = self.world.settings.authentication == Authentication::Lenient;
        let first = self.directory().partners.first().cloned();
        first.filter(|_| is_lenient).map(Caller::Partner)
    }

    /// Issues a token.
    pub fn issue_token(&self, caller: Caller) -> IssuedToken {
        self.tokens.issue(self.space.new_token(), caller, self.clock.now())
    }

    /// True while too many wrong signatures in a row keep an access key locked.
    #[must_use]
    pub fn is_locked(&self, ak: &str) -> bool {
        self.lockout.is_locked(ak, self.clock.now())
    }

    /// Notes whether a signature with an access key was right. True when it was one wrong one too many.
    pub fn note_signature(&self, ak: &str, was_right: bool) -> bool {
        if was_right {
            self.lockout.succeed(ak);
        }
        !was_right && self.lockout.fail(ak, self.clock.now())
    }
}
