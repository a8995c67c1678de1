//! The parameters of a request, from its body or its query. A value of the wrong type is noted, not refused: the endpoint
//! decides in the page's order what is wrong.

use std::borrow::Cow;
use std::fmt;

use axum::extract::Query;
use axum::http::Uri;
use axum::http::header::CONTENT_TYPE;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::domain::{
    Endpoint, ParameterError, ParameterTable, SentParameters, SentValue, VERIFIED_FILE_URL, Violation,
};
use crate::simulator::RecordedRequest;

/// Decodes what was sent to an endpoint. A body has to be a JSON object in UTF-8, sent as JSON; a byte order mark is
/// tolerated (assumed, like all that the pages do not say of bodies).
pub fn decode<'a>(
    endpoint: &Endpoint,
    uri: &Uri,
    content_type: Option<&str>,
    body: &'a [u8],
) -> Result<SentParameters<'a>, ParameterError> {
    match endpoint.method {
        "GET" => decode_query(endpoint.parameters, uri),
        _ => decode_body(endpoint.parameters, content_type, body),
    }
}

fn decode_body<'a>(
    table: ParameterTable,
    content_type: Option<&str>,
    body: &'a [u8],
) -> Result<SentParameters<'a>, ParameterError> {
    if content_type.is_some_and(is_json) { decode_json(table, body) } else { Err(Violation::ContentType.into()) }
}

/// Decodes what a recorded request sent. There is nothing if its path is not simulated.
pub fn sent(request: &RecordedRequest) -> Result<SentParameters<'_>, ParameterError> {
    let Some(endpoint) = Endpoint::at(request.method(), request.path()) else { return Ok(SentParameters::default()) };
    if endpoint.method == "GET" {
        return decode_query(endpoint.parameters, &request.target().parse().unwrap_or_default());
    }
    decode_body(endpoint.parameters, request.header(CONTENT_TYPE.as_str()).as_deref(), request.body())
}

/// Decodes a query. Its values are texts in UTF-8.
pub fn decode_query(table: ParameterTable, uri: &Uri) -> Result<SentParameters<'static>, ParameterError> {
    let mut sent = SentParameters::none_of(table);
    let query = percent_decode_str(uri.query().unwrap_or_default());
    query.decode_utf8().map_err(|_| Violation::NotUtf8)?;
    let Query(pairs) =
        Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| ParameterError::from(Violation::NotText))?;
    for (name, value) in pairs {
        sent.add(0, &name, false, SentValue::Text(value.into()));
    }
    Ok(sent)
}

pub fn decode_json(table: ParameterTable, body: &[u8]) -> Result<SentParameters<'_>, ParameterError> {
    let text = std::str::from_utf8(body).map_err(|_| Violation::NotUtf8)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
        return Err(if text.is_empty() { Violation::NotJson } else { Violation::NotObject }.into());
    }
    let mut sent = SentParameters::none_of(table);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let body = Fields { sent: &mut sent, prefix: "" }.deserialize(&mut deserializer);
    body.and_then(|()| deserializer.end()).map_err(|_| Violation::NotJson)?;
    Ok(sent)
}

/// True for JSON with or without parameters such as a charset, in any case.
pub fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

/// Reads the fields of the body, or of an object in it.
struct Fields<'s, 'a> {
    sent: &'s mut SentParameters<'a>,
    /// The name of the object with a dot. Empty for the body.
    prefix: &'s str,
}

impl<'de> DeserializeSeed<'de> for Fields<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut place = 0;
        while let Some(Text(name)) = fields.next_key::<Text<'de>>()? {
            let name = match self.prefix {
                "" => name,
                prefix => Cow::Owned(format!("{prefix}{name}")),
            };
            let value = fields.next_value_seed(Value { object: Some((self.sent, &name)) })?;
            place = self.sent.add(place, &name, !self.prefix.is_empty(), value);
        }
        Ok(())
    }
}

/// A JSON string, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads a value. What is ignored is read too, so that the parser checks its strings and limits its nesting.
struct Value<'s, 'a> {
    /// Where the fields of an object belong, with its name. `None` where no parameter can be.
    object: Option<(&'s mut SentParameters<'a>, &'s str)>,
}

/// An element of a list.
struct Element<'a>(SentValue<'a>);

impl<'de> Deserialize<'de> for Element<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value { object: None }.deserialize(deserializer).map(Self)
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_, 'de> {
    type Value = SentValue<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<SentValue<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, 'de> {
    type Value = SentValue<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<SentValue<'de>, E> {
        Ok(SentValue::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<SentValue<'de>, E> {
        Ok(SentValue::Boolean(value))
    }

    fn visit_i64<E>(self, number: i64) -> Result<SentValue<'de>, E> {
        Ok(number.try_into().map_or(SentValue::Other, SentValue::Integer))
    }

    fn visit_u64<E>(self, number: u64) -> Result<SentValue<'de>, E> {
        Ok(number.try_into().map_or(SentValue::Other, SentValue::Integer))
    }

    fn visit_f64<E>(self, _: f64) -> Result<SentValue<'de>, E> {
        Ok(SentValue::Other)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<SentValue<'de>, E> {
        Ok(SentValue::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<SentValue<'de>, E> {
        Ok(SentValue::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<SentValue<'de>, E> {
        Ok(SentValue::Text(Cow::Owned(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<SentValue<'de>, A::Error> {
        let mut texts = Some(Vec::new());
        while let Some(Element(element)) = elements.next_element()? {
            match (element, &mut texts) {
                // One more than any list may have shows that it is too long.
                (SentValue::Text(_), Some(texts)) if texts.len() > VERIFIED_FILE_URL.max_length() => {}
                (SentValue::Text(text), Some(texts)) => texts.push(text),
                _ => texts = None,
            }
        }
        Ok(texts.map_or(SentValue::Other, SentValue::TextList))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<SentValue<'de>, A::Error> {
        match self.object {
            Some((sent, name)) => Fields { sent, prefix: &format!("{name}.") }.visit_map(fields)?,
            _ => while fields.next_entry::<Text<'de>, Element<'de>>()?.is_some() {},
        }
        Ok(SentValue::Object)
    }
}
