//! Invented values, which stand for those that are not shown where an export has to be played again. They have the type, the
//! length and the kind of what they stand for: letters for letters, digits for digits, and signs in their places. Only a text
//! of signs alone becomes other signs.

use foldhash::HashMap;
use serde_json::Value;

use super::mask::MASK;

/// Numbers the values in the order in which it first sees them, so that equal ones stay equal. A value is numbered among those
/// of its form, and its digits and letters are the number: `E12345678` becomes `A00000001`.
#[derive(Debug, Default)]
pub struct Inventor(HashMap<String, Known>);

/// The values of one form that were seen.
#[derive(Debug, Default)]
struct Known {
    numbers: HashMap<String, u64>,
    /// The number that was given last.
    last: u64,
}

impl Inventor {
    /// Returns a text for a text.
    pub fn text(&mut self, text: &str) -> String {
        let class = if text.chars().all(is_sign) { Class::of_sign } else { Class::of };
        let write = |number| write(text, number, class);
        let number = self.number(form(text, class), text, |number| write(number) == text);
        write(number)
    }

    /// Returns a value for a value of JSON. What is not there stays so.
    pub fn value(&mut self, value: &Value) -> Value {
        match value {
            Value::Null => Value::Null,
            Value::Bool(value) => {
                // Both values may be seen, and there is no third one.
                let number = self.number("a boolean".to_owned(), &value.to_string(), |_| false);
                (number.is_multiple_of(2)).into()
            }
            Value::Number(number) => {
                let text = number.to_string();
                let (sign, digits) = text.strip_prefix('-').map_or(("", &*text), |digits| ("-", digits));
                let write = |number| write(digits, number, Class::of_number);
                let form = format!("{sign}{}", form(digits, Class::of_number));
                let number = self.number(form, &text, |number| write(number) == digits);
                let invented = format!("{sign}{}", write(number));
                serde_json::from_str(&invented).unwrap_or_else(|_| MASK.into())
            }
            Value::String(text) => self.text(text).into(),
            Value::Array(values) => values.iter().map(|value| self.value(value)).collect(),
            Value::Object(fields) => fields.iter().map(|(name, value)| (self.text(name), self.value(value))).collect(),
        }
    }

    /// The number of a value among those of its form, from 1 on. A number that would be written as the value itself is left
    /// out.
    fn number(&mut self, form: String, value: &str, is_value: impl Fn(u64) -> bool) -> u64 {
        let Known { numbers, last } = self.0.entry(form).or_default();
        *numbers.entry(value.to_owned()).or_insert_with(|| {
            *last += if is_value(*last + 1) { 2 } else { 1 };
            *last
        })
    }
}

/// What stands at a place of a text.
#[derive(Clone, Copy)]
enum Class {
    /// One of so many characters from this one on.
    Range(char, u32),
    /// A sign, which stays.
    Sign,
}

impl Class {
    fn of(_: usize, c: char) -> Self {
        match c {
            '0'..='9' => Self::Range('0', 10),
            'A'..='Z' => Self::Range('A', 26),
            'a'..='z' => Self::Range('a', 26),
            _ if c.is_alphabetic() => Self::Range('\u{4E00}', 20_000),
            // The digits of other scripts become those of full width.
            _ if c.is_numeric() => Self::Range('\u{FF10}', 10),
            _ => Self::Sign,
        }
    }

    /// A character of a text of signs alone.
    const fn of_sign(_: usize, _: char) -> Self {
        Self::Range('!', 15)
    }

    /// The same in a number of JSON without its sign: it does not begin with 0, and its letter is that of an exponent.
    fn of_number(place: usize, c: char) -> Self {
        match c {
            '0'..='9' if place == 0 => Self::Range('1', 9),
            '0'..='9' => Self::Range('0', 10),
            _ => Self::Sign,
        }
    }
}

fn is_sign(c: char) -> bool {
    !c.is_alphanumeric()
}

/// The classes of a text's characters: equal for texts of the same form.
fn form(text: &str, class: fn(usize, char) -> Class) -> String {
    let form = text.chars().enumerate().map(|(place, c)| match class(place, c) {
        Class::Range(first, _) => first,
        Class::Sign => c,
    });
    form.collect()
}

/// Writes a number into the places of a text, from the end on.
fn write(text: &str, mut number: u64, class: fn(usize, char) -> Class) -> String {
    let places: Vec<_> = text.chars().enumerate().collect();
    let written = places.into_iter().rev().map(|(place, c)| match class(place, c) {
        Class::Sign => c,
        Class::Range(first, count) => {
            let digit = u32::try_from(number % u64::from(count)).unwrap_or_default();
            number /= u64::from(count);
            char::from_u32(u32::from(first) + digit).unwrap_or(first)
        }
    });
    let backwards: Vec<_> = written.collect();
    backwards.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn invented_values_keep_type_length_and_kind() {
        let mut inventor = Inventor::default();
        let values = json!([
            "E12345678", "E87654321", "E12345678", "Wang Xiaoming", "王小明", "Иван", "a@b.example", "", 42, 43, 42, -7, -99, -1_099_511_627_776_i64, 1.5,
            true, false, null, { "key": ["value"] }, "00", "0", 0,
        ]);
        let invented = inventor.value(&values);
        insta::assert_snapshot!(invented, @r#"
    ["A00000001","A00000002","A00000001","Aaaa Aaaaaaab","一一丁","一一一丁","a@a.aaaaaab","",11,12,11,-2,-11,-1000000000001,1.1,false,true,null,{"aab":["aaaab"]},"01","1",2]
    "#);
        assert_eq!(Inventor::default().value(&values), invented, "the same journal is exported in the same way");
    }

    #[test]
    fn no_value_stays_as_it_is() {
        let mut inventor = Inventor::default();
        let values = ["A00000001", "A00000002", "１２３", "٠١٢", "$%&!?", "!!!!\"", "７", "1"];
        let invented = values.map(|value| inventor.text(value));
        let again = values.map(|value| inventor.text(value));
        assert_eq!(invented, again);
        for (value, invented) in values.iter().zip(&invented) {
            assert_ne!(value, invented);
            assert_eq!(value.chars().count(), invented.chars().count(), "{value}");
        }
        assert_ne!(inventor.value(&json!(11)), json!(11));
        assert_ne!(inventor.text("$%&!?"), inventor.text("!!!!\""));
    }

    #[test]
    fn values_of_one_form_stay_different() {
        let mut inventor = Inventor::default();
        let invented: std::collections::BTreeSet<_> = (0..1000).map(|n| inventor.text(&format!("{n:03}"))).collect();
        assert_eq!(invented.len(), 1000);
    }
}
