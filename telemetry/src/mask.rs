//! Masks what must not be stored: the values of sensitive headers and of sensitive fields in bodies.
//!
//! Masking errs towards masking. It never panics, is idempotent, takes time proportional to the text and memory for
//! one copy of it however deep a body nests, and leaves every byte outside the masked values as it was. Where nothing
//! is sensitive the text is handed back uncopied.
//!
//! Bodies are recognised as JSON (also several values in a row, and cut or slightly broken JSON) and as forms
//! (`application/x-www-form-urlencoded`). JSON inside JSON strings, XML and multipart are not looked into.

use std::{borrow::Cow, fmt, ops::Range};

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What stands in place of a sensitive value.
pub const MASK: &str = "[masked]";

/// Headers that are sensitive under exactly this name, after [`simplify`].
const HEADERS: [&str; 4] = ["xauth", "xauthkey", "xforwardedclientcert", "xsessionid"];

/// A header whose simplified name contains one of these is sensitive.
const HEADER_PARTS: [&str; 12] = [
    "authorization", // also proxy-authorization
    "cookie",        // also set-cookie
    "token",         // x-auth-token, x-amz-security-token
    "secret",
    "password",
    "passwd",
    "apikey", // x-api-key
    "accesskey",
    "privatekey",
    "csrf",
    "xsrf",
    "jwt",
];

const HEADER_INITIALS: u32 = initials(&HEADER_PARTS);

/// Fields that are sensitive under exactly this name, after [`simplify`].
const FIELDS: [&str; 24] = [
    "accesskey",
    "authorization",
    "bearer",
    "cardcvc",
    "cardcvv",
    "cookie",
    "creditcard",
    "cvc",
    "cvc2",
    "cvv",
    "cvv2",
    "iban",
    "jwt",
    "otp",
    "pan",
    "pass",
    "pin",
    "privatekey",
    "pwd",
    "sessionid",
    "setcookie",
    "socialsecuritynumber",
    "ssn",
    "xauth",
];

/// A field whose name contains one of these is sensitive: `newPassword`, `client_secret`, `x-api-key`.
const FIELD_PARTS: [&str; 7] =
    ["password", "passwd", "passphrase", "secret", "apikey", "cardnumber", "creditcardno"];

const FIELD_INITIALS: u32 = initials(&FIELD_PARTS);

/// A field whose name ends in this is sensitive: `access_token`, `csrfToken`; but not `max_tokens`.
const FIELD_END: &str = "token";

/// Why a text is not a set of headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("headers are a JSON object of names with strings or lists of strings")]
pub struct HeadersError;

/// Whether the value of a header must never be stored. Upper and lower case, `_` and `-` make no difference.
pub fn is_sensitive_header(name: &str) -> bool {
    with_simple(name, is_sensitive_simple_header)
}

fn is_sensitive_simple_header(name: &str) -> bool {
    HEADERS.contains(&name) || contains_any(name, &HEADER_PARTS, HEADER_INITIALS)
}

/// What is masked: always the well-known sensitive names, and the fields that were configured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Masking {
    /// Simplified, sorted.
    extra: Vec<String>,
}

impl Masking {
    /// Masks these fields too, in bodies and headers. Upper and lower case, `_`, `-` and spaces make no difference:
    /// `card_holder` also stands for `cardHolder`.
    pub fn with_fields<I>(fields: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut extra: Vec<String> = fields
            .into_iter()
            .map(|field| simplify(field.as_ref()))
            .filter(|field| !field.is_empty())
            .collect();
        extra.sort_unstable();
        extra.dedup();
        Self { extra }
    }

    /// Whether the value of a body's field must not be stored. In a path such as `user[pin]` or `card.cvc`, each part
    /// counts.
    pub fn is_sensitive_field(&self, name: &str) -> bool {
        let separates = |byte: u8| byte.is_ascii_punctuation() && !matches!(byte, b'_' | b'-');
        self.is_sensitive_part(name)
            || (name.bytes().any(separates)
                && name
                    .split(|c| u8::try_from(c).is_ok_and(separates))
                    .any(|part| self.is_sensitive_part(part)))
    }

    fn is_sensitive_part(&self, name: &str) -> bool {
        with_simple(name, |name| {
            name.ends_with(FIELD_END)
                || FIELDS.contains(&name)
                || contains_any(name, &FIELD_PARTS, FIELD_INITIALS)
                || self.is_extra(name)
        })
    }

    /// For a simplified name.
    fn is_extra(&self, name: &str) -> bool {
        self.extra.binary_search_by(|extra| extra.as_str().cmp(name)).is_ok()
    }

    /// Masks the headers of a request or reply, given as JSON: an object of names, each with a string (a number, a
    /// boolean or null will do) or a list of such.
    ///
    /// # Errors
    /// [`HeadersError`] for anything else, JSON or not.
    pub fn mask_headers<'a>(&self, raw: &'a str) -> Result<Cow<'a, str>, HeadersError> {
        let mut json = serde_json::Deserializer::from_str(raw);
        json.deserialize_map(Headers).and_then(|()| json.end()).map_err(|_| HeadersError)?;
        let sensitive = |name: &str| is_sensitive_simple_header(name) || self.is_extra(name);
        Ok(mask_json(raw, |name| with_simple(name, sensitive)))
    }

    /// Masks the body of a request or reply. In JSON, the value under a sensitive name at any depth becomes
    /// `"[masked]"`, whatever it was; in a form (or a URL), the text up to the next `&`. Other text passes unchanged.
    pub fn mask_body<'a>(&self, raw: &'a str) -> Cow<'a, str> {
        match raw.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').as_bytes().first() {
            Some(b'{' | b'[') => mask_json(raw, |name| self.is_sensitive_field(name)),
            _ => self.mask_form(raw),
        }
    }

    fn mask_form<'a>(&self, raw: &'a str) -> Cow<'a, str> {
        let mut masked = Splice::new(raw);
        let mut start = 0;
        for pair in raw.split('&') {
            if let Some((name, value)) = pair.split_once('=')
                && !name.contains(never_in_form)
                && self.is_sensitive_field(&form_decode(name))
            {
                let end = start + pair.len();
                masked.replace(end - value.len()..end, MASK);
            }
            start += pair.len() + 1;
        }
        masked.finish()
    }
}

/// A name without what styles of writing differ in: case, `_`, `-` and spaces.
fn simplify(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

/// Calls `f` with the simplified name: without an allocation for names as they usually are.
fn with_simple<R>(name: &str, f: impl FnOnce(&str) -> R) -> R {
    let mut buffer = [0; 64];
    if !name.is_ascii() || name.len() > buffer.len() {
        return f(&simplify(name));
    }
    let mut length = 0;
    for byte in name.bytes().filter(|byte| !matches!(byte, b'_' | b'-' | b' ')) {
        buffer[length] = byte.to_ascii_lowercase();
        length += 1;
    }
    match std::str::from_utf8(&buffer[..length]) {
        Ok(simple) => f(simple),
        // Never: ASCII was copied.
        Err(_) => f(&simplify(name)),
    }
}

/// Whether one of the lower-case `parts`, whose first letters are `initials`, is in `name`.
fn contains_any(name: &str, parts: &[&str], initials: u32) -> bool {
    let bytes = name.as_bytes();
    bytes.iter().enumerate().any(|(at, byte)| {
        byte.is_ascii_lowercase()
            && initials & 1 << (byte - b'a') != 0
            && parts.iter().any(|part| bytes[at..].starts_with(part.as_bytes()))
    })
}

/// One bit for each letter that a part starts with.
const fn initials(parts: &[&str]) -> u32 {
    let mut bits = 0;
    let mut at = 0;
    while at < parts.len() {
        bits |= 1 << (parts[at].as_bytes()[0] - b'a');
        at += 1;
    }
    bits
}

/// Characters that a form encodes: what has them before `=` is a sentence or markup.
fn never_in_form(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"')
}

/// The name of a form's field. Percent signs that encode nothing stay.
fn form_decode(name: &str) -> Cow<'_, str> {
    if !name.contains(['%', '+']) {
        return Cow::Borrowed(name);
    }
    let bytes = name.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|&byte| char::from(byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high << 4 | low) as u8);
                at += 2;
            }
            (b'+', ..) => decoded.push(b' '),
            (byte, ..) => decoded.push(byte),
        }
        at += 1;
    }
    Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
}

/// Replaces the values of sensitive names in JSON.
///
/// A string before a colon is a name, at any depth: so there is no nesting to keep track of, and JSON that was cut
/// somewhere is masked as well.
fn mask_json(raw: &str, sensitive: impl Fn(&str) -> bool) -> Cow<'_, str> {
    let bytes = raw.as_bytes();
    let mut masked = Splice::new(raw);
    let mut at = 0;
    while let Some(quote) = find(bytes, at, b'"') {
        let end = string_end(bytes, quote);
        at = end;
        let colon = skip_space(bytes, end);
        if bytes.get(colon) != Some(&b':') {
            continue;
        }
        let start = skip_space(bytes, colon + 1);
        at = start;
        if sensitive(&unescape(&raw[quote..end])) {
            at = value_end(bytes, start);
            if at > start {
                masked.replace(start..at, "\"[masked]\"");
            }
        }
    }
    masked.finish()
}

fn find(bytes: &[u8], from: usize, wanted: u8) -> Option<usize> {
    bytes[from..].iter().position(|&byte| byte == wanted).map(|at| from + at)
}

fn skip_space(bytes: &[u8], from: usize) -> usize {
    let space = bytes[from..].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    from + space
}

/// Just after the string that starts at `quote`, or the end of the text where it is not closed.
fn string_end(bytes: &[u8], quote: usize) -> usize {
    let mut at = quote + 1;
    while let Some(&byte) = bytes.get(at) {
        at += match byte {
            b'"' => return at + 1,
            b'\\' => 2,
            _ => 1,
        };
    }
    bytes.len()
}

/// Just after the value that starts at `start`, or the end of the text where it is cut.
fn value_end(bytes: &[u8], start: usize) -> usize {
    match bytes.get(start) {
        Some(b'"') => string_end(bytes, start),
        Some(b'{' | b'[') => {
            let mut depth = 0usize;
            let mut at = start;
            while let Some(&byte) = bytes.get(at) {
                match byte {
                    b'"' => {
                        at = string_end(bytes, at);
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return at;
                }
            }
            bytes.len()
        }
        _ => {
            let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b'"' | b' ' | b'\t' | b'\n' | b'\r');
            bytes[start..].iter().position(ends).map_or(bytes.len(), |length| start + length)
        }
    }
}

/// What a name in JSON stands for, so that `"pass\u0077ord"` is found out; itself where it is not valid JSON.
fn unescape(quoted: &str) -> Cow<'_, str> {
    let text = &quoted[1..quoted.len() - 1];
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    serde_json::from_str(quoted).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// A text in which ranges are replaced from left to right; copied from the first real change on.
struct Splice<'a> {
    raw: &'a str,
    copied: usize,
    changed: Option<String>,
}

impl<'a> Splice<'a> {
    fn new(raw: &'a str) -> Self {
        Self { raw, copied: 0, changed: None }
    }

    fn replace(&mut self, range: Range<usize>, with: &str) {
        if &self.raw[range.clone()] == with {
            return;
        }
        let changed = self.changed.get_or_insert_with(|| String::with_capacity(self.raw.len() + with.len()));
        changed.push_str(&self.raw[self.copied..range.start]);
        changed.push_str(with);
        self.copied = range.end;
    }

    fn finish(self) -> Cow<'a, str> {
        match self.changed {
            None => Cow::Borrowed(self.raw),
            Some(mut changed) => {
                changed.push_str(&self.raw[self.copied..]);
                Cow::Owned(changed)
            }
        }
    }
}

/// Accepts an object of header names and values, and keeps nothing of it.
struct Headers;

impl<'de> Visitor<'de> for Headers {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{HeadersError}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key::<IgnoredAny>()?.is_some() {
            map.next_value::<HeaderValue<true>>()?;
        }
        Ok(())
    }
}

/// A scalar, or, where `LIST`, a list of scalars.
struct HeaderValue<const LIST: bool>;

impl<'de, const LIST: bool> serde::Deserialize<'de> for HeaderValue<LIST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de, const LIST: bool> Visitor<'de> for HeaderValue<LIST> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{HeadersError}")
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        if !LIST {
            return Err(serde::de::Error::invalid_type(serde::de::Unexpected::Seq, &self));
        }
        while list.next_element::<HeaderValue<false>>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn body(raw: &str) -> String {
        Masking::default().mask_body(raw).into_owned()
    }

    #[track_caller]
    fn stays(raw: &str) {
        assert_eq!(Masking::default().mask_body(raw), raw);
        assert!(matches!(Masking::default().mask_body(raw), Cow::Borrowed(_)), "{raw:?} was copied");
    }

    #[test]
    fn the_lists_are_simplified() {
        let names = FIELDS.iter().chain(&FIELD_PARTS).chain(&HEADERS).chain(&HEADER_PARTS);
        names.for_each(|name| assert_eq!(&simplify(name), name));
    }

    #[test]
    fn sensitive_headers_are_known_by_name() {
        for name in "authorization Authorization PROXY-AUTHORIZATION cookie Set-Cookie x-api-key X-Api-Key api-key \
                     apikey x-auth-token x-csrf-token x-xsrf-token x-amz-security-token x-goog-iap-jwt-assertion \
                     x-vault-token my-secret x-user-password x-session-id"
            .split_whitespace()
        {
            assert!(is_sensitive_header(name), "{name}");
        }
        for name in
            "accept content-type user-agent host x-request-id traceparent date etag keep-alive x-author tok"
                .split_whitespace()
        {
            assert!(!is_sensitive_header(name), "{name}");
        }
        assert!(!is_sensitive_header(""));
    }

    #[test]
    fn sensitive_fields_are_known_by_name() {
        let masking = Masking::with_fields(["Card-Holder", "", "größe"]);
        for name in "password Password newPassword password_confirmation passwd secret client_secret clientSecret \
                     token access_token refreshToken id-token csrfToken authorization api_key apiKey x-api-key \
                     card_number cardNumber cvv CVC ssn pin iban user[pin] card.cvc $password card_holder cardHolder \
                     GRÖßE"
            .split_whitespace()
        {
            assert!(masking.is_sensitive_field(name), "{name}");
        }
        for name in "name tokens max_tokens tokenCount pinned spinner company panel passenger compass key id"
            .split_whitespace()
        {
            assert!(!masking.is_sensitive_field(name), "{name}");
        }
        assert!(!masking.is_sensitive_field(""));
    }

    #[test]
    fn headers_are_masked() {
        let raw =
            r#"{"Accept":"*/*","Set-Cookie":["a=1","b=2"],"X-Api-Key" : "snd_live","content-length":12}"#;
        let masked =
            r#"{"Accept":"*/*","Set-Cookie":"[masked]","X-Api-Key" : "[masked]","content-length":12}"#;
        assert_eq!(Masking::default().mask_headers(raw).unwrap(), masked);
        let extra = Masking::with_fields(["content_length"]).mask_headers(masked).unwrap();
        assert_eq!(extra, masked.replace("12", "\"[masked]\""));
    }

    #[test]
    fn harmless_headers_are_not_copied() {
        for raw in [r"{}", r#"{"accept":"*/*","vary":[],"x":null,"dnt":1,"ok":true}"#] {
            assert!(matches!(Masking::default().mask_headers(raw), Ok(Cow::Borrowed(same)) if same == raw));
        }
    }

    #[test]
    fn what_is_not_a_set_of_headers_is_refused() {
        for raw in [
            "",
            "null",
            "[]",
            r#"["cookie","a=1"]"#,
            r#""cookie""#,
            r#"{"cookie":"a""#,
            r#"{"cookie":{"a":1}}"#,
            r#"{"cookie":[["a"]]}"#,
            r#"{"a":"b"} x"#,
            &format!(r#"{{"a":{}"#, "[".repeat(100_000)),
        ] {
            assert_eq!(Masking::default().mask_headers(raw), Err(HeadersError), "{raw}");
        }
    }

    #[test]
    fn json_bodies_are_masked_at_any_depth() {
        assert_eq!(
            body(r#"{"user":{"name":"ann","password":"x"},"list":[{"pin":1234},{"api_key":null}],"n":1.50}"#),
            r#"{"user":{"name":"ann","password":"[masked]"},"list":[{"pin":"[masked]"},{"api_key":"[masked]"}],"n":1.50}"#
        );
        assert_eq!(body(r#"{"secret":{"a":[1,"}"],"b":{}},"c":2}"#), r#"{"secret":"[masked]","c":2}"#);
        assert_eq!(body(r#" [{"token" : [1,2] , "a":1}]"#), r#" [{"token" : "[masked]" , "a":1}]"#);
        assert_eq!(body(r#"{"password":"a\"b","c":1}"#), r#"{"password":"[masked]","c":1}"#);
        assert_eq!(
            body("{\"token\":\"x\"}\n{\"token\":\"y\"}\n"),
            "{\"token\":\"[masked]\"}\n{\"token\":\"[masked]\"}\n"
        );
    }

    #[test]
    fn escapes_hide_no_name() {
        assert_eq!(body(r#"{"pass\u0077ord":"x"}"#), r#"{"pass\u0077ord":"[masked]"}"#);
        assert_eq!(
            body(r#"{"\u00e9\/x":"y","\u00e9\ud83d\u":1}"#),
            r#"{"\u00e9\/x":"y","\u00e9\ud83d\u":1}"#
        );
    }

    #[test]
    fn a_name_that_is_a_value_is_no_name() {
        stays(r#"{"field":"password","a":["token","b"],"hint":"password: none"}"#);
    }

    #[test]
    fn cut_json_is_masked_too() {
        assert_eq!(body(r#"{"a":1,"password":"hunt"#), r#"{"a":1,"password":"[masked]""#);
        assert_eq!(body(r#"{"password":{"a":["b"#), r#"{"password":"[masked]""#);
        assert_eq!(body(r#"{"pin":12"#), r#"{"pin":"[masked]""#);
        stays(r#"{"a":1,"password":"#);
        stays(r#"{"a":1,"passwo"#);
        stays(r#"{"a":"b\"#);
    }

    #[test]
    fn depth_is_no_danger() {
        let deep = format!("{}{}", r#"{"a":["#.repeat(200_000), r#"{"password":"x"}"#);
        assert!(body(&deep).ends_with(r#"{"password":"[masked]"}"#));
        let deep = format!(r#"{{"password":{}"#, "[".repeat(500_000));
        assert_eq!(body(&deep), r#"{"password":"[masked]""#);
    }

    #[test]
    fn forms_are_masked() {
        assert_eq!(body("a=b&password=c"), "a=b&password=[masked]");
        assert_eq!(body("user%5Bpassword%5D=c&x=1"), "user%5Bpassword%5D=[masked]&x=1");
        assert_eq!(body("user[pin]=1234&a=&&=&b"), "user[pin]=[masked]&a=&&=&b");
        assert_eq!(body("card+number=4111&p%61ssword=a=b\n"), "card+number=[masked]&p%61ssword=[masked]");
        assert_eq!(body("pin=1&password=correct horse"), "pin=[masked]&password=[masked]");
        assert_eq!(body("/login?token=abc&x=1"), "/login?token=[masked]&x=1");
        stays("a=b&c=d");
        stays("token");
    }

    #[test]
    fn other_text_passes_unchanged() {
        for text in
            ["", " ", "hello", "my password = secret", "<a password=\"x\">", "token: x", "\"password\"", "1"]
        {
            stays(text);
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((name(), inner), 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    fn name() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-zA-Z_\"\\\\é]{0,8}",
            prop::sample::select(vec!["password", "ACCESS_TOKEN", "card-number", "pin", "user.cvv", "name"])
                .prop_map(str::to_owned),
        ]
    }

    /// The same, done on the parsed value.
    fn masked(value: Value, masking: &Masking) -> Value {
        match value {
            Value::Object(fields) => fields
                .into_iter()
                .map(|(name, value)| {
                    let value =
                        if masking.is_sensitive_field(&name) { json!(MASK) } else { masked(value, masking) };
                    (name, value)
                })
                .collect::<serde_json::Map<_, _>>()
                .into(),
            Value::Array(values) => values.into_iter().map(|value| masked(value, masking)).collect(),
            other => other,
        }
    }

    fn scrap() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[{}\\[\\]:,\"\\\\ \n=&%+]",
            prop::sample::select(vec![
                "\"password\":",
                "token",
                "\"pin\"",
                "\\u0070in",
                "pin=",
                "12",
                "[masked]",
                "é"
            ])
            .prop_map(str::to_owned),
            "\\PC{0,3}",
        ];
        (prop::sample::select(vec!["", "{", "["]), prop::collection::vec(piece, 0..20))
            .prop_map(|(start, pieces)| start.to_owned() + &pieces.concat())
    }

    proptest! {
        #[test]
        fn json_is_masked_as_its_value_would_be(
            fields in prop::collection::vec((name(), value()), 0..6),
            pretty: bool,
        ) {
            let value = Value::Object(fields.into_iter().collect());
            let raw = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            let masking = Masking::with_fields(["n"]);
            let read: Value = serde_json::from_str(&masking.mask_body(&raw.unwrap())).unwrap();
            prop_assert_eq!(read, masked(value, &masking));
        }

        #[test]
        fn no_secret_survives(
            fields in prop::collection::vec((name(), any::<bool>()), 1..8),
            cut: prop::sample::Index,
        ) {
            let sensitive = |name: &str| Masking::default().is_sensitive_field(name);
            let json = fields
                .iter()
                .map(|(name, nested)| {
                    let value = if sensitive(name) { "hunter2" } else { "x" };
                    format!("{}:{}", json!(name), if *nested { json!([{"a": value}]) } else { json!(value) })
                })
                .collect::<Vec<_>>()
                .join(",");
            let json = format!("{{{json}}}");
            prop_assert!(!body(&json).contains("hunter2"));
            let mut end = cut.index(json.len());
            while !json.is_char_boundary(end) {
                end -= 1;
            }
            prop_assert!(!body(&json[..end]).contains("hunter"), "{}", &json[..end]);
        }

        #[test]
        fn no_secret_of_a_form_survives(others in prop::collection::vec("[a-z]{1,5}=[a-z0-9%+]{0,5}", 0..4)) {
            let form = format!("{}&password=hunter2&{}", others.join("&"), others.join("&"));
            prop_assert!(!body(&form).contains("hunter2"));
        }

        #[test]
        fn masking_twice_changes_nothing(text in prop_oneof![4 => scrap(), 1 => any::<String>()]) {
            let masking = Masking::with_fields(["é"]);
            let once = masking.mask_body(&text);
            let twice = masking.mask_body(&once);
            prop_assert_eq!(&twice, &once);
            prop_assert!(matches!(twice, Cow::Borrowed(_)));
            if let Ok(once) = masking.mask_headers(&text) {
                prop_assert_eq!(&masking.mask_headers(&once).unwrap(), &once);
            }
        }

        #[test]
        fn headers_are_masked_by_name(names in prop::collection::vec("[A-Za-z-]{1,12}|x-Api-Key|COOKIE|X-Token", 0..8)) {
            let value = Value::Object(names.iter().map(|name| (name.clone(), json!(["hunter2"]))).collect());
            let masked: Value =
                serde_json::from_str(&Masking::default().mask_headers(&value.to_string()).unwrap()).unwrap();
            for name in &names {
                let expected = if is_sensitive_header(name) { json!(MASK) } else { json!(["hunter2"]) };
                prop_assert_eq!(&masked[name], &expected);
            }
        }
    }
}
