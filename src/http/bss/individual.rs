//! `POST /v2/customers/realname-auths/individual`: requesting an individual real-name authentication.

use std::borrow::Cow;
use std::fmt;

use axum::http::header::CONTENT_TYPE;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::domain::{Application, Parameter, ParameterError, RawApplication, RawField, Violation};
use crate::http::extract::PartnerRequest;
use crate::simulator::{ApiError, Outcome};

pub async fn submit(PartnerRequest { partner, request }: PartnerRequest) -> Result<Outcome, ApiError> {
    let content_type = request.parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let raw = decode(content_type, &request.body)?;
    let application = Application::parse(raw, request.state().settings().contract)?;
    let state = request.state();
    if let Some(step) = request.use_script(Some(&partner), &|parameter| application.values(parameter)) {
        return Ok(Outcome::Scripted(state.apply_scripted(&partner, &application, step, true)));
    }
    Ok(Outcome::Submission(state.submit(&partner, &application).await))
}

/// Decodes a body field by field. A field of the wrong type is noted, not refused: the application decides in the page's
/// order what is wrong. The body has to be a JSON object in UTF-8, sent as JSON; a byte order mark is tolerated (assumed,
/// like all that the page does not say of bodies).
pub fn decode<'a>(content_type: Option<&str>, body: &'a [u8]) -> Result<RawApplication<'a>, ParameterError> {
    if content_type.is_some_and(is_json) { decode_json(body) } else { Err(invalid(Violation::ContentType)) }
}

pub fn decode_json(body: &[u8]) -> Result<RawApplication<'_>, ParameterError> {
    let text = std::str::from_utf8(body).map_err(|_| invalid(Violation::NotUtf8))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
        return Err(invalid(if text.is_empty() { Violation::NotJson } else { Violation::NotObject }));
    }
    serde_json::from_str(text).map(|ApplicationBody(raw)| raw).map_err(|_| invalid(Violation::NotJson))
}

const fn invalid(violation: Violation) -> ParameterError {
    ParameterError { parameter: None, violation }
}

/// True for JSON with or without parameters such as a charset, in any case.
pub fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

struct ApplicationBody<'a>(RawApplication<'a>);

impl<'de> Deserialize<'de> for ApplicationBody<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BodyVisitor;

        impl<'de> Visitor<'de> for BodyVisitor {
            type Value = ApplicationBody<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<ApplicationBody<'de>, A::Error> {
                let mut raw = RawApplication::default();
                while let Some((Text(name), value)) = fields.next_entry::<Text<'de>, Value<'de>>()? {
                    match name.parse() {
                        Ok(Parameter::CustomerId) => fill(&mut raw.customer_id, value, Value::try_as_text),
                        Ok(Parameter::IdentifyType) => fill(&mut raw.identify_type, value, Value::try_as_integer),
                        Ok(Parameter::VerifiedFileUrl) => {
                            fill(&mut raw.verified_file_url, value, Value::try_as_text_list);
                        }
                        Ok(Parameter::Name) => fill(&mut raw.name, value, Value::try_as_text),
                        Ok(Parameter::VerifiedNumber) => fill(&mut raw.verified_number, value, Value::try_as_text),
                        Ok(Parameter::XaccountType) => fill(&mut raw.xaccount_type, value, Value::try_as_text),
                        Ok(Parameter::VerifiedType) => fill(&mut raw.verified_type, value, Value::try_as_integer),
                        Ok(Parameter::ChangeType) => fill(&mut raw.change_type, value, Value::try_as_integer),
                        Err(_) => {}
                    }
                }
                Ok(ApplicationBody(raw))
            }
        }

        deserializer.deserialize_map(BodyVisitor)
    }
}

/// `convert` returns `None` for a value of the wrong type.
fn fill<'a, T>(field: &mut RawField<T>, value: Value<'a>, convert: fn(Value<'a>) -> Option<T>) {
    *field = match (&field, value) {
        (RawField::Missing, Value::Null) => RawField::Null,
        (RawField::Missing, value) => convert(value).map_or(RawField::WrongType, RawField::Value),
        _ => RawField::Repeated,
    };
}

/// A JSON string, borrowed where it has no escapes.
struct Text<'a>(Cow<'a, str>);

/// A JSON value that a parameter can have, or `Other`. Ignored fields are decoded too, so that the parser checks their
/// strings and limits their nesting.
#[derive(strum::EnumTryAs)]
enum Value<'a> {
    Null,
    Text(Cow<'a, str>),
    Integer(i32),
    TextList(Vec<Cow<'a, str>>),
    Other,
}

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Text(text) => Ok(Self(text)),
            _ => Err(D::Error::custom("a key is a string")),
        }
    }
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value<'de>, E> {
        Ok(number.try_into().map_or(Value::Other, Value::Integer))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value<'de>, E> {
        Ok(number.try_into().map_or(Value::Other, Value::Integer))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value<'de>, A::Error> {
        let mut texts = Some(Vec::new());
        while let Some(element) = elements.next_element::<Value<'de>>()? {
            match (element, &mut texts) {
                // One more than a list may have shows that it is too long.
                (Value::Text(_), Some(texts)) if texts.len() > Parameter::VerifiedFileUrl.max_length() => {}
                (Value::Text(text), Some(texts)) => texts.push(text),
                _ => texts = None,
            }
        }
        Ok(texts.map_or(Value::Other, Value::TextList))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value<'de>, A::Error> {
        while fields.next_entry::<Text<'de>, Value<'de>>()?.is_some() {}
        Ok(Value::Other)
    }
}
