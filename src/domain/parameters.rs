//! Parameters: the rows of a page's table of request parameters, and what a request sent of them.

use std::borrow::Cow;
use std::sync::OnceLock;

use regex_lite::Regex;

/// A parameter: a row of the table on the page of its endpoint.
#[derive(Debug, PartialEq, Eq)]
pub struct Parameter {
    /// On the wire. A field of an object has the name of the object before it: `enterprise_person.legel_name`.
    pub name: &'static str,
    /// Whether it is a field of an object in the body.
    is_field: bool,
    pub presence: Presence,
    pub kind: Kind,
    /// The page's description.
    pub description: &'static str,
}

/// Whether a parameter has to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// A field of an object is mandatory if the object is sent.
    Mandatory,
    /// It may be left out. `null` is an error (assumed: it is not a value of the type).
    Optional,
    /// It may be left out, and `null` stands for that.
    Nullable,
}

/// The values that a parameter can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text of so many characters (Unicode scalar values).
    Text { min: usize, max: usize },
    /// A text of at most so many characters that is like this.
    Pattern { max: usize, pattern: &'static TextPattern },
    /// A 32-bit integer in this range.
    Integer { min: i32, max: i32 },
    /// One of these 32-bit integers, which errors list in these words.
    Number { one_of: &'static [i32], words: &'static str },
    /// A list of at least one and at most so many texts.
    TextList { max: usize },
    /// A truth value, which may also be sent as a text: `""` is false (assumed: clients send either).
    Boolean,
    /// An object. Its fields are parameters of their own.
    Object,
}

/// What a text is like.
#[derive(Debug)]
pub struct TextPattern {
    /// A regular expression, which finds something in each such text.
    pub text: &'static str,
    /// What errors say that the text must be.
    words: &'static str,
    regex: OnceLock<Regex>,
}

impl PartialEq for TextPattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for TextPattern {}

impl TextPattern {
    pub const fn new(text: &'static str, words: &'static str) -> Self {
        Self { text, words, regex: OnceLock::new() }
    }

    pub fn matches(&self, text: &str) -> bool {
        self.regex.get_or_init(|| Regex::new(self.text).expect("the expression is one of a table")).is_match(text)
    }

    /// Returns the violation of a text that is not like this.
    pub const fn violation(&self) -> Violation {
        Violation::NotA(self.words)
    }
}

/// The texts that stand for a truth value, each with its value.
pub const TRUTH_TEXTS: [(&str, bool); 3] = [("true", true), ("false", false), ("", false)];

impl Parameter {
    pub const fn mandatory(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self::new(name, Presence::Mandatory, kind, description)
    }

    pub const fn optional(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self::new(name, Presence::Optional, kind, description)
    }

    pub const fn nullable(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self::new(name, Presence::Nullable, kind, description)
    }

    const fn new(name: &'static str, presence: Presence, kind: Kind, description: &'static str) -> Self {
        let mut is_field = false;
        let mut place = 0;
        while place < name.len() {
            is_field |= name.as_bytes()[place] == b'.';
            place += 1;
        }
        Self { name, is_field, presence, kind, description }
    }

    /// Returns the maximum length: characters of a text, entries of a list.
    pub const fn max_length(&self) -> usize {
        match self.kind {
            Kind::Text { max, .. } | Kind::Pattern { max, .. } | Kind::TextList { max } => max,
            _ => usize::MAX,
        }
    }

    /// Returns the error of this parameter.
    pub const fn error(&'static self, violation: Violation) -> ParameterError {
        ParameterError { parameter: Some(self), violation }
    }
}

/// The parameters of an endpoint, in the page's order, which is also the order of the checks (assumed).
pub type ParameterTable = &'static [&'static Parameter];

/// What a request sent of the parameters in a table, not yet checked.
#[derive(Clone, Debug, Default)]
pub struct SentParameters<'a> {
    table: ParameterTable,
    /// One for each parameter of the table.
    values: Vec<SentValue<'a>>,
}

/// A value as it was sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum SentValue<'a> {
    #[default]
    Missing,
    Null,
    Text(Cow<'a, str>),
    Integer(i32),
    TextList(Vec<Cow<'a, str>>),
    Boolean(bool),
    Object,
    /// Of a type that no parameter has, or a number that is not a 32-bit integer.
    Other,
    /// The parameter was sent twice.
    Repeated,
}

impl<'a> SentParameters<'a> {
    /// Returns parameters of which none was sent.
    pub fn none_of(table: ParameterTable) -> Self {
        Self { table, values: table.iter().map(|_| SentValue::Missing).collect() }
    }

    /// Adds a value, which is or is not a field of an object in the body. `place` is where the table is looked at first: most
    /// requests have the parameters in its order. Returns the place of the next parameter. A name that is not in the table is
    /// ignored.
    pub fn add(&mut self, place: usize, name: &str, is_field: bool, value: SentValue<'a>) -> usize {
        let is_it = |parameter: &&Parameter| parameter.name == name && parameter.is_field == is_field;
        let (before, after) = self.table.split_at(place);
        let found = after.iter().position(is_it).map(|found| place + found);
        let Some(found) = found.or_else(|| before.iter().position(is_it)) else { return place };
        let sent = &mut self.values[found];
        *sent = if matches!(sent, SentValue::Missing) { value } else { SentValue::Repeated };
        found + 1
    }

    /// Returns the values of a parameter as text: none if it was not sent, or if no parameter has such a value.
    pub fn texts(&self, name: &str) -> Vec<Cow<'_, str>> {
        let Some(index) = self.table.iter().position(|parameter| parameter.name == name) else { return Vec::new() };
        match &self.values[index] {
            value if self.table[index].kind == Kind::Boolean && value.truth().is_some() => {
                vec![(value.truth() == Some(true)).to_string().into()]
            }
            SentValue::Text(text) => vec![Cow::Borrowed(text)],
            SentValue::Integer(number) => vec![number.to_string().into()],
            SentValue::Boolean(value) => vec![value.to_string().into()],
            SentValue::TextList(texts) => texts.iter().map(|text| Cow::Borrowed(&**text)).collect(),
            // What can be asked of an object is whether it is there.
            SentValue::Object if self.table[index].kind == Kind::Object => vec![Cow::Borrowed("")],
            SentValue::Missing | SentValue::Null | SentValue::Object | SentValue::Other | SentValue::Repeated => {
                Vec::new()
            }
        }
    }

    /// Returns the value of a mandatory text.
    pub fn text(&self, parameter: &'static Parameter) -> Result<Cow<'a, str>, ParameterError> {
        self.optional_text(parameter)?.ok_or(parameter.error(Violation::Missing))
    }

    /// Returns the value of a text. `None` if there is none.
    pub fn optional_text(&self, parameter: &'static Parameter) -> Result<Option<Cow<'a, str>>, ParameterError> {
        match self.value(parameter)? {
            None => Ok(None),
            Some(SentValue::Text(text)) => Ok(Some(text.clone())),
            Some(_) => Err(parameter.error(Violation::NotText)),
        }
    }

    /// Returns the value of a text where an empty one stands for none.
    pub fn filled_text(&self, parameter: &'static Parameter) -> Result<Option<Cow<'a, str>>, ParameterError> {
        Ok(self.optional_text(parameter)?.filter(|text| !text.is_empty()))
    }

    /// Returns the value of a mandatory number.
    pub fn integer(&self, parameter: &'static Parameter) -> Result<i32, ParameterError> {
        self.optional_integer(parameter)?.ok_or(parameter.error(Violation::Missing))
    }

    /// Returns the value of a number. `None` if there is none.
    pub fn optional_integer(&self, parameter: &'static Parameter) -> Result<Option<i32>, ParameterError> {
        match self.value(parameter)? {
            None => Ok(None),
            Some(SentValue::Integer(number)) => Ok(Some(*number)),
            Some(_) => Err(parameter.error(Violation::NotInteger)),
        }
    }

    /// Returns the value of a mandatory list.
    pub fn text_list(&self, parameter: &'static Parameter) -> Result<&[Cow<'a, str>], ParameterError> {
        match self.value(parameter)? {
            Some(SentValue::TextList(texts)) => Ok(texts),
            Some(_) => Err(parameter.error(Violation::NotTextList)),
            None => Err(parameter.error(Violation::Missing)),
        }
    }

    /// Returns the value of a truth value. `None` if there is none.
    pub fn optional_boolean(&self, parameter: &'static Parameter) -> Result<Option<bool>, ParameterError> {
        match self.value(parameter)? {
            None => Ok(None),
            Some(value) => value.truth().map(Some).ok_or(parameter.error(Violation::NotBoolean)),
        }
    }

    /// Returns everything that is wrong with the values, each looked at alone, in the order of the table.
    pub fn errors(&self) -> Vec<ParameterError> {
        self.table.iter().filter_map(|parameter| self.value(parameter).err()).collect()
    }

    /// Returns the value of a parameter if it is of its kind and within its bounds. `None` if there is none and needs to be
    /// none, or if the endpoint has no such parameter.
    pub fn value(&self, parameter: &'static Parameter) -> Result<Option<&SentValue<'a>>, ParameterError> {
        let Some(index) = self.table.iter().position(|row| std::ptr::eq(*row, parameter)) else { return Ok(None) };
        let value = &self.values[index];
        let violation = match (value, parameter.presence) {
            (SentValue::Missing, Presence::Optional | Presence::Nullable) | (SentValue::Null, Presence::Nullable) => {
                return Ok(None);
            }
            (SentValue::Missing, _) if !self.is_object_sent(parameter) => return Ok(None),
            (SentValue::Missing | SentValue::Null, _) => Some(Violation::Missing),
            (SentValue::Repeated, _) => Some(Violation::Repeated),
            (value, _) => parameter.kind.violation(value),
        };
        violation.map_or(Ok(Some(value)), |violation| Err(parameter.error(violation)))
    }

    /// Returns true if the object was sent that the parameter is a field of. The body always is.
    fn is_object_sent(&self, parameter: &Parameter) -> bool {
        let Some((object, _)) = parameter.name.rsplit_once('.') else { return true };
        let sent = self.table.iter().zip(&self.values);
        sent.into_iter().any(|(row, value)| row.name == object && *value == SentValue::Object)
    }
}

impl SentValue<'_> {
    /// Returns the truth value. `None` if it is none.
    fn truth(&self) -> Option<bool> {
        match self {
            Self::Boolean(value) => Some(*value),
            Self::Text(text) => TRUTH_TEXTS.iter().find(|(known, _)| known == text).map(|(_, value)| *value),
            _ => None,
        }
    }
}

impl Kind {
    /// Returns why a value is none of this kind. `None` if it is one.
    pub fn violation(self, value: &SentValue<'_>) -> Option<Violation> {
        match (self, value) {
            (Self::Text { min, max }, SentValue::Text(text)) => {
                // There are never more characters than bytes.
                let fits = text.len() >= min && (text.len() <= max || text.chars().count() <= max);
                let fits = fits && (min <= 1 || text.chars().count() >= min);
                (!fits).then_some(Violation::Length { min, max })
            }
            (Self::Pattern { max, .. }, SentValue::Text(text)) if text.chars().count() > max => {
                Some(Violation::Length { min: 0, max })
            }
            (Self::Pattern { pattern, .. }, SentValue::Text(text)) => {
                (!pattern.matches(text)).then_some(pattern.violation())
            }
            (Self::TextList { max }, SentValue::TextList(texts)) => {
                let fits = !texts.is_empty() && texts.len() <= max;
                (!fits).then_some(Violation::Length { min: 1, max })
            }
            (Self::Integer { min, max }, SentValue::Integer(number)) => {
                (!(min..=max).contains(number)).then_some(Violation::Range { min, max })
            }
            (Self::Number { one_of, words }, SentValue::Integer(number)) => {
                (!one_of.contains(number)).then_some(Violation::NotOneOf(words))
            }
            (Self::Boolean, value) => value.truth().is_none().then_some(Violation::NotBoolean),
            (Self::Object, SentValue::Object) => None,
            (Self::Text { .. } | Self::Pattern { .. }, _) => Some(Violation::NotText),
            (Self::TextList { .. }, _) => Some(Violation::NotTextList),
            (Self::Integer { .. } | Self::Number { .. }, _) => Some(Violation::NotInteger),
            (Self::Object, _) => Some(Violation::NotObject),
        }
    }
}

/// Why a request is not well-formed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {violation}", .parameter.map_or("body", |parameter| parameter.name))]
pub struct ParameterError {
    /// `None` means the body as a whole.
    pub parameter: Option<&'static Parameter>,
    pub violation: Violation,
}

impl From<Violation> for ParameterError {
    /// The error of a body as a whole.
    fn from(violation: Violation) -> Self {
        Self { parameter: None, violation }
    }
}

/// A problem of a field or of the body. The texts are assumed: they follow the only answer of this kind that is known
/// of the real service, `id: must not be null`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    #[error("must not be null")]
    Missing,
    #[error("must not be given twice")]
    Repeated,
    #[error("must be a string")]
    NotText,
    #[error("must be a 32-bit integer")]
    NotInteger,
    #[error("must be a list of strings")]
    NotTextList,
    #[error("must be true or false")]
    NotBoolean,
    #[error("size must be between {min} and {max}")]
    Length { min: usize, max: usize },
    #[error("must be between {min} and {max}")]
    Range { min: i32, max: i32 },
    #[error("must be one of {0}")]
    NotOneOf(&'static str),
    #[error("must be {0}")]
    NotA(&'static str),
    #[error("[{entry}] {violation}")]
    Path { entry: usize, violation: &'static str },
    #[error("must have {expected} entries {why}")]
    PictureCount { expected: usize, why: &'static str },
    #[error("Content-Type must be application/json")]
    ContentType,
    #[error("must be UTF-8")]
    NotUtf8,
    #[error("must be well-formed JSON")]
    NotJson,
    #[error("must be a JSON object")]
    NotObject,
}
