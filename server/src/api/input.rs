//! Reads the texts of request bodies.
//!
//! The rule: what is wrong with one is told by its name, and what it holds appears in no error and no `Debug` output.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::fmt;
use telemetry::error::ApiError;
use telemetry::report::accounts::Role;

/// A text in a request body.
#[derive(Default, utoipa::ToSchema)]
#[schema(value_type = String)]
pub(super) struct Text(Given);

#[derive(Default)]
enum Given {
    #[default]
    Nothing,
    Text(String),
    SomethingElse,
}

impl Text {
    /// The text, trimmed; 400 if it is missing, empty or no text.
    pub(super) fn required(&self, field: &str) -> Result<&str, ApiError> {
        self.optional(field)?.ok_or_else(|| ApiError::invalid(field, format!("{field} is missing")))
    }

    /// The text, trimmed; `None` if it is missing or empty.
    pub(super) fn optional(&self, field: &str) -> Result<Option<&str>, ApiError> {
        Ok(self.untrimmed(field)?.map(str::trim).filter(|text| !text.is_empty()))
    }

    fn untrimmed(&self, field: &str) -> Result<Option<&str>, ApiError> {
        match &self.0 {
            Given::Nothing => Ok(None),
            Given::Text(text) => Ok(Some(text)),
            Given::SomethingElse => Err(ApiError::invalid(field, format!("{field} must be a text"))),
        }
    }

    /// A name that people give to things: 1 to 100 characters on one line.
    pub(super) fn name(&self) -> Result<&str, ApiError> {
        let name = self.required("name")?;
        if name.chars().count() > 100 || name.contains(char::is_control) {
            return Err(ApiError::invalid("name", "a name has 1 to 100 characters, on one line"));
        }
        Ok(name)
    }

    pub(super) fn username(&self) -> Result<&str, ApiError> {
        let name = self.required("username")?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if !(3..=64).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(ApiError::invalid(
                "username",
                "a user name has 3 to 64 of the characters A–Z, a–z, 0–9, _ . -",
            ));
        }
        Ok(name)
    }

    pub(super) fn email(&self) -> Result<&str, ApiError> {
        let email = self.required("email")?;
        // Whether it exists only a message to it could tell; this catches what surely does not.
        let sane = email.len() <= 254
            && !email.contains(|c: char| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"".contains(c))
            && email.split_once('@').is_some_and(|(local, domain)| {
                (1..=64).contains(&local.len())
                    && !domain.is_empty()
                    && !domain.contains('@')
                    && domain
                        .split('.')
                        .all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'))
            });
        if sane { Ok(email) } else { Err(ApiError::invalid("email", "this is no e-mail address")) }
    }

    /// A role.
    pub(super) fn role(&self) -> Result<Role, ApiError> {
        let word = self.required("role")?;
        Role::of_word(word).ok_or_else(|| ApiError::invalid("role", "role must be viewer, operator or admin"))
    }

    /// A password that somebody chooses. `about`: names that whoever guesses would try first.
    pub(super) fn new_password(&self, about: &[&str]) -> Result<&str, ApiError> {
        let password = self.password()?;
        if !(8..=MAX_PASSWORD).contains(&password.chars().count()) {
            return Err(ApiError::invalid("password", "a password has 8 to 128 characters"));
        }
        // What begins weakly and goes on for long is rare, and weighing all of it would take long.
        let end = password.char_indices().nth(WEIGHED).map_or(password.len(), |(end, _)| end);
        let names: Vec<&str> = about.iter().copied().chain(["sendry"]).collect();
        if zxcvbn::zxcvbn(&password[..end], &names).guesses() < MOST_GUESSES {
            let message = "this password is among the first that are tried; choose one that is harder to guess, \
                           such as a few words";
            return Err(ApiError::invalid("password", message));
        }
        Ok(password)
    }

    /// A password as it was typed: spaces belong to it.
    pub(super) fn password(&self) -> Result<&str, ApiError> {
        let password = self.untrimmed("password")?.filter(|text| !text.is_empty());
        password.ok_or_else(|| ApiError::invalid("password", "password is missing"))
    }
}

/// A moment after `now`, RFC 3339; `None` if it is missing or empty.
pub(super) fn instant(text: &Text, field: &str, now: Timestamp) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = text.optional(field)? else { return Ok(None) };
    let time: Option<Timestamp> = text.parse().ok();
    let time = time.filter(|time| *time > now);
    time.map(Some).ok_or_else(|| {
        ApiError::invalid(
            field,
            format!("{field} must be a time in the future, such as 2027-01-31T00:00:00Z"),
        )
    })
}

/// A whole number in a range; `None` if it is missing or null.
pub(super) fn number<N: TryFrom<u64>>(
    value: &Value,
    field: &str,
    range: std::ops::RangeInclusive<u64>,
) -> Result<Option<N>, ApiError> {
    if value.is_null() {
        return Ok(None);
    }
    let number = value.as_u64().filter(|number| range.contains(number));
    number.and_then(|number| N::try_from(number).ok()).map(Some).ok_or_else(|| {
        let message = format!("{field} must be a whole number from {} to {}", range.start(), range.end());
        ApiError::invalid(field, message)
    })
}

/// True or false; `None` if it is missing or null.
pub(super) fn switch(value: &Value, field: &str) -> Result<Option<bool>, ApiError> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(on) => Ok(Some(*on)),
        _ => Err(ApiError::invalid(field, format!("{field} must be true or false"))),
    }
}

/// A list of texts, trimmed, without repetitions and empty ones; empty if it is missing.
pub(super) fn texts<'a>(value: &'a Value, field: &str, most: usize) -> Result<Vec<&'a str>, ApiError> {
    let wrong = || ApiError::invalid(field, format!("{field} must be a list of at most {most} texts"));
    let mut texts = Vec::new();
    match value {
        Value::Null => {}
        Value::Array(values) => {
            for value in values {
                let text = value.as_str().ok_or_else(wrong)?.trim();
                if !text.is_empty() && !texts.contains(&text) {
                    texts.push(text);
                }
                if texts.len() > most {
                    return Err(wrong());
                }
            }
        }
        _ => return Err(wrong()),
    }
    Ok(texts)
}

/// Characters.
pub(super) const MAX_PASSWORD: usize = 128;
/// So many characters of a new password are weighed.
const WEIGHED: usize = 40;
/// A password that takes fewer guesses is refused.
const MOST_GUESSES: u64 = 1_000_000;

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Value::deserialize(deserializer)? {
            Value::Null => Given::Nothing,
            Value::String(text) => Given::Text(text),
            _ => Given::SomethingElse,
        }))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Text(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> Text {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn each_rule_names_its_field() {
        let long = |length: usize| format!("\"{}\"", "x".repeat(length));
        for json in [r#""ab""#, r#""a b c""#, r#""änn""#, "5", "null", "[]", &long(65)] {
            assert_eq!(text(json).username().unwrap_err().field.as_deref(), Some("username"), "{json}");
        }
        for json in [
            r#""ann""#,
            r#""@b""#,
            r#""a@""#,
            r#""a@b@c""#,
            r#""a b@c""#,
            r#""a@b..c""#,
            r#""a@-b""#,
            &long(300),
        ] {
            assert_eq!(text(json).email().unwrap_err().field.as_deref(), Some("email"), "{json}");
        }
        for json in [r#""1234567""#, "12345678", r#""""#, &long(129)] {
            assert_eq!(
                text(json).new_password(&[]).unwrap_err().field.as_deref(),
                Some("password"),
                "{json}"
            );
        }
        for json in [r#""  ""#, r#""a\nb""#, &long(101)] {
            assert_eq!(text(json).name().unwrap_err().field.as_deref(), Some("name"), "{json}");
        }
    }

    #[test]
    fn what_is_right_passes() {
        assert_eq!(text(r#"" Ann_1.x-y ""#).username(), Ok("Ann_1.x-y"));
        for email in ["ann@example.com", "a+b@localhost", "ann.o'neil@sub.example.co.uk", "änn@exämple.de"]
        {
            assert_eq!(text(&format!("\"{email}\"")).email(), Ok(email));
        }
        assert_eq!(text(r#"" spaces count ""#).new_password(&[]), Ok(" spaces count "));
        assert_eq!(text(r#""ümläute8""#).new_password(&[]), Ok("ümläute8"));
        assert_eq!(text(r#"" My shop ""#).name(), Ok("My shop"));
    }

    #[test]
    fn nothing_shows_what_a_text_holds() {
        assert_eq!(format!("{:?}", text(r#""hunter22""#)), "Text(…)");
        assert!(!text("12345678").new_password(&[]).unwrap_err().message.contains("12345678"));
    }
}
