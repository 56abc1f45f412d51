//! The form of API keys: `snd_<environment>_<32 random characters><6 characters of checksum>`.
//!
//! A mistyped, cut or made-up key is refused offline, before any look-up: every change of a single character is
//! noticed, other damage with all but a chance of 1 in 2^32. The checksum proves nothing about who made a key.
//! The secret itself appears in no `Debug` output; what may be stored and shown is [`ParsedKey::prefix`].

use std::fmt;

use sha2::{Digest, Sha256};

/// The longest environment name, in characters.
pub const MAX_ENVIRONMENT: usize = 16;

/// Characters of the secret that [`ParsedKey::prefix`] shows. Some 155 of 190 random bits stay hidden.
pub const SHOWN: usize = 6;

const MARK: &str = "snd_";
const RANDOM: usize = 32;
const CHECKSUM: usize = 6;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The value of each base62 character; 255 for every other byte.
const VALUES: [u8; 256] = {
    let mut values = [255; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// Whether a key that is held to the pages of some web origins may be used by a call with this `Origin` header. A key
/// that is held to none may be used by whoever has it; one that is held to some, by pages only.
pub fn is_allowed_origin(origins: &[String], origin: Option<&str>) -> bool {
    origins.is_empty() || origin.is_some_and(|origin| origins.iter().any(|allowed| allowed == origin))
}

/// Why a call with a key that is held to origins is refused.
pub const FOREIGN_ORIGIN: &str =
    "this API key may be used by pages of certain origins only, and this call is from none";

/// Why a text is not an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("an environment is 1 to 16 lower-case letters and digits")]
    Environment,
    #[error("not of the form snd_<environment>_<characters>")]
    Shape,
    #[error("the checksum does not match: the key is mistyped or cut")]
    Checksum,
}

/// A new API key, to be shown once and then forgotten. Its text is had by [`ApiKey::reveal`] only.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    text: String,
    environment: usize,
}

impl ApiKey {
    /// Makes a key of 32 random bytes, which must come from the system's source of secrets.
    ///
    /// The bytes are read as one number and written in base62, of which the lowest 32 digits are kept: no digit is
    /// likelier than another by more than 2^-65, since 62^32 < 2^191.
    ///
    /// # Errors
    /// [`KeyError::Environment`] unless the name is 1 to 16 of `a-z0-9`.
    pub fn generate(environment: &str, random: [u8; 32]) -> Result<Self, KeyError> {
        if !is_environment(environment.as_bytes()) {
            return Err(KeyError::Environment);
        }
        let mut text = String::with_capacity(MARK.len() + environment.len() + 1 + RANDOM + CHECKSUM);
        text.push_str(MARK);
        text.push_str(environment);
        text.push('_');
        let mut number = random;
        for _ in 0..RANDOM {
            let digit = divide_by_62(&mut number);
            text.push(char::from(ALPHABET[digit]));
        }
        let checksum = crc32fast::hash(text.as_bytes());
        text.extend(base62(checksum).map(char::from));
        Ok(Self { text, environment: environment.len() })
    }

    /// Checks shape and checksum of what a caller sent. Allocates nothing.
    ///
    /// # Errors
    /// [`KeyError::Shape`] or [`KeyError::Checksum`].
    pub fn parse(text: &str) -> Result<ParsedKey<'_>, KeyError> {
        // By position, not by searching for underscores: so no single change can move a boundary.
        let bytes = text.as_bytes();
        let environment = bytes
            .len()
            .checked_sub(MARK.len() + 1 + RANDOM + CHECKSUM)
            .filter(|length| (1..=MAX_ENVIRONMENT).contains(length))
            .ok_or(KeyError::Shape)?;
        let (covered, checksum) = bytes.split_at(bytes.len() - CHECKSUM);
        let (head, random) = covered.split_at(covered.len() - RANDOM);
        let shaped = head.starts_with(MARK.as_bytes())
            && head.ends_with(b"_")
            && is_environment(&head[MARK.len()..MARK.len() + environment])
            // One pass without a branch: 255 is the only value with a bit above the sixth.
            && random.iter().chain(checksum).fold(0, |all, &byte| all | VALUES[usize::from(byte)]) < 64;
        if !shaped {
            return Err(KeyError::Shape);
        }
        let claimed =
            checksum.iter().fold(0u64, |sum, &byte| sum * 62 + u64::from(VALUES[usize::from(byte)]));
        if claimed != u64::from(crc32fast::hash(covered)) {
            return Err(KeyError::Checksum);
        }
        Ok(ParsedKey { text, environment })
    }

    /// The whole key: for the one reply that shows it.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// As [`ParsedKey::digest`].
    pub fn digest(&self) -> [u8; 32] {
        self.parsed().digest()
    }

    /// As [`ParsedKey::prefix`].
    pub fn prefix(&self) -> &str {
        self.parsed().prefix()
    }

    /// As [`ParsedKey::environment`].
    pub fn environment(&self) -> &str {
        self.parsed().environment()
    }

    fn parsed(&self) -> ParsedKey<'_> {
        ParsedKey { text: &self.text, environment: self.environment }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({}…)", self.prefix())
    }
}

/// A text that has the form of an API key and a checksum that fits. Whether such a key was ever handed out, only its
/// digest can tell.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ParsedKey<'a> {
    text: &'a str,
    /// Length of the environment's name.
    environment: usize,
}

impl<'a> ParsedKey<'a> {
    /// SHA-256 of the whole key: what is stored, and what a key is looked up by. A plain hash is enough, for a secret
    /// of 190 random bits cannot be guessed.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.text).into()
    }

    /// What may be stored and shown: `snd_<environment>_` and the first [`SHOWN`] characters of the secret.
    pub fn prefix(&self) -> &'a str {
        &self.text[..MARK.len() + self.environment + 1 + SHOWN]
    }

    /// The environment that the key's hits belong to unless they name another, e.g. `live`.
    pub fn environment(&self) -> &'a str {
        &self.text[MARK.len()..MARK.len() + self.environment]
    }
}

impl fmt::Debug for ParsedKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ParsedKey({}…)", self.prefix())
    }
}

fn is_environment(name: &[u8]) -> bool {
    (1..=MAX_ENVIRONMENT).contains(&name.len())
        && name.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Divides a big-endian number in place and returns the remainder.
fn divide_by_62(number: &mut [u8; 32]) -> usize {
    let mut remainder = 0;
    for byte in number {
        let value = remainder << 8 | u32::from(*byte);
        *byte = (value / 62) as u8;
        remainder = value % 62;
    }
    remainder as usize
}

/// Six base62 digits, most significant first: 62^6 > 2^32, so every checksum fits and has one form.
fn base62(mut checksum: u32) -> [u8; CHECKSUM] {
    let mut digits = [0; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(checksum % 62) as usize];
        checksum /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> impl Strategy<Value = ApiKey> {
        ("[a-z0-9]{1,16}", any::<[u8; 32]>())
            .prop_map(|(name, random)| ApiKey::generate(&name, random).unwrap())
    }

    #[test]
    fn the_form_never_changes() {
        let key = ApiKey::generate("live", [7; 32]).unwrap();
        assert_eq!(key.reveal(), "snd_live_1FPc9b5c5QdpH4zZv03tchG8AluSK9wT105sBP");
        assert_eq!(key.prefix(), "snd_live_1FPc9b");
        assert_eq!(key.environment(), "live");
    }

    #[test]
    fn the_digest_is_sha_256_of_the_whole_text() {
        let key = ApiKey::generate("live", [7; 32]).unwrap();
        let parsed = ApiKey::parse(key.reveal()).unwrap();
        assert_eq!(parsed.digest(), key.digest());
        assert_eq!(parsed.digest(), <[u8; 32]>::from(Sha256::digest(key.reveal().as_bytes())));
    }

    #[test]
    fn debug_output_keeps_the_secret() {
        let key = ApiKey::generate("test", [200; 32]).unwrap();
        let parsed = ApiKey::parse(key.reveal()).unwrap();
        for shown in [format!("{key:?}"), format!("{parsed:?}")] {
            assert!(shown.contains(key.prefix()));
            assert!(!shown.contains(&key.reveal()[..key.prefix().len() + 1]));
        }
    }

    #[test]
    fn names_of_environments_are_short_and_plain() {
        for name in ["", "Live", "li_ve", "li-ve", "ünder", "abcdefghijklmnopq", "a b"] {
            assert_eq!(ApiKey::generate(name, [0; 32]), Err(KeyError::Environment), "{name}");
        }
    }

    #[test]
    fn other_keys_are_not_ours() {
        let random = "0123456789ABCDEFGHIJKLMNOPQRSTUV000000";
        for text in [
            "",
            "snd_",
            "snd_live_",
            "snd__",
            "hello",
            "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
            &format!("snd__{random}"),
            &format!("snd_LIVE_{random}"),
            &format!("snd_live-{random}"),
            &format!("snt_live_{random}"),
            &format!("snd_abcdefghijklmnopq_{random}"),
            &format!("snd_live_{}é", &random[2..]),
            &format!(" snd_live_{random}"),
        ] {
            assert_eq!(ApiKey::parse(text), Err(KeyError::Shape), "{text}");
        }
        assert_eq!(ApiKey::parse(&format!("snd_live_{random}")), Err(KeyError::Checksum));
        // Six digits reach beyond 32 bits; such a checksum fits nothing.
        let beyond = format!("snd_live_{}zzzzzz", &random[..RANDOM]);
        assert_eq!(ApiKey::parse(&beyond), Err(KeyError::Checksum));
    }

    #[test]
    fn every_single_wrong_character_is_noticed() {
        for (name, random) in [("live", [1; 32]), ("a", [0; 32]), ("abcdefghijklmnop", [255; 32])] {
            let key = ApiKey::generate(name, random).unwrap();
            for at in 0..key.reveal().len() {
                for byte in 0..128 {
                    let mut wrong = key.reveal().as_bytes().to_vec();
                    if wrong[at] != byte {
                        wrong[at] = byte;
                        assert!(ApiKey::parse(std::str::from_utf8(&wrong).unwrap()).is_err(), "{at} {byte}");
                    }
                }
            }
        }
    }

    #[test]
    fn all_characters_occur_equally_often() {
        let mut seen = [0u32; 62];
        for seed in 0..2000u32 {
            let random: [u8; 32] = Sha256::digest(seed.to_le_bytes()).into();
            let key = ApiKey::generate("a", random).unwrap();
            for byte in key.reveal().bytes().skip(6).take(RANDOM) {
                seen[usize::from(VALUES[usize::from(byte)])] += 1;
            }
        }
        // 64,000 characters: 1032 of each on average, with a standard deviation of 32.
        assert!(seen.iter().all(|n| (850..1220).contains(n)), "{seen:?}");
    }

    proptest! {
        #[test]
        fn a_new_key_parses(name in "[a-z0-9]{1,16}", random: [u8; 32]) {
            let key = ApiKey::generate(&name, random).unwrap();
            let parsed = ApiKey::parse(key.reveal()).unwrap();
            prop_assert_eq!(parsed.environment(), &name);
            prop_assert_eq!(parsed.prefix(), key.prefix());
            let head = format!("snd_{name}_");
            prop_assert!(key.reveal().starts_with(&head));
            prop_assert_eq!(key.reveal().len(), 4 + name.len() + 1 + 38);
        }

        #[test]
        fn a_changed_character_is_noticed(key in key(), at: prop::sample::Index, to: char) {
            let mut text: Vec<char> = key.reveal().chars().collect();
            let at = at.index(text.len());
            prop_assume!(text[at] != to);
            text[at] = to;
            prop_assert!(ApiKey::parse(&text.into_iter().collect::<String>()).is_err());
        }

        #[test]
        fn swapped_neighbours_in_the_secret_are_noticed(key in key(), at in 0..RANDOM - 1) {
            let mut text = key.reveal().as_bytes().to_vec();
            let at = key.environment().len() + 5 + at;
            prop_assume!(text[at] != text[at + 1]);
            text.swap(at, at + 1);
            prop_assert_eq!(ApiKey::parse(std::str::from_utf8(&text).unwrap()), Err(KeyError::Checksum));
        }

        #[test]
        fn a_cut_key_is_noticed(key in key(), length: prop::sample::Index) {
            let length = length.index(key.reveal().len());
            prop_assert!(ApiKey::parse(&key.reveal()[..length]).is_err());
        }

        #[test]
        fn no_text_panics(text in any::<String>(), tail in "\\PC{0,60}") {
            let _ = ApiKey::parse(&text);
            let _ = ApiKey::parse(&format!("snd_{tail}"));
            let _ = ApiKey::generate(&text, [0; 32]);
        }
    }
}
