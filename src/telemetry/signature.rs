//! Signatures: who may speak for a plant, and whether a message is as that plant wrote it.
//!
//! A signed message ends with the key `sig`: Ed25519 (RFC 8032) over its topic, a line break, and
//! every byte before that key. So neither another topic nor another reading goes with it, and what
//! is signed stays JSON that anyone can read. `sig` names its key too, so that keys can change.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::base::PlantId;

/// What a signature adds to a message, in bytes: all have the same length.
pub const SIGNATURE_BYTES: usize = END_BYTES - 1; // its last brace is there already

/// The end of a signed message.
const END_BYTES: usize = HEAD.len() + KEY_ID_CHARS + 1 + TEXT_CHARS + TAIL.len();

const HEAD: &[u8] = br#","sig":""#;
const TAIL: &[u8] = br#""}"#;
const KEY_ID_CHARS: usize = 16;
/// Of 64 bytes in base 64, without padding.
const TEXT_CHARS: usize = 86;

/// The name of a key: the first eight bytes of the SHA-256 of its public half, in hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

impl KeyId {
    fn of(key: &VerifyingKey) -> Self {
        let digest = Sha256::digest(key.as_bytes());
        let mut name = [0; 8];
        name.copy_from_slice(&digest[..8]);
        Self(name)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A text that is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No sixteen hexadecimal digits.
    #[error("a key's name has 16 hexadecimal digits")]
    Name,
    /// No Ed25519 public key.
    #[error("this is no public key: 44 characters of base 64, as `sanmen keys list` shows them")]
    Public,
    /// No private key in PKCS #8.
    #[error("this is no private key: a PEM file as `sanmen keys new` writes it")]
    Private,
}

impl FromStr for KeyId {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let digit = |b: &u8| b.is_ascii_digit() || (b'a'..=b'f').contains(b);
        if text.len() != KEY_ID_CHARS || !text.as_bytes().iter().all(digit) {
            return Err(KeyError::Name);
        }
        u64::from_str_radix(text, 16)
            .map(|bits| Self(bits.to_be_bytes()))
            .map_err(|_| KeyError::Name)
    }
}

/// The half of a key that everybody may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Its name.
    pub fn id(&self) -> KeyId {
        KeyId::of(&self.0)
    }

    /// Did the holder of the other half sign `message` under `topic`? Strictly by RFC 8032: no key
    /// and no signature of small order, one signature for one message.
    pub fn verifies(&self, topic: &str, message: &Signed<'_>) -> bool {
        let signature = Signature::from_bytes(&message.signature);
        self.0.verify_strict(&under(topic, message.body), &signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0.as_bytes()))
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| KeyError::Public)?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| KeyError::Public)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::Public)?;
        if key.is_weak() { Err(KeyError::Public) } else { Ok(Self(key)) }
    }
}

/// The half of a key that only its plant has. `Debug` shows its name alone.
#[derive(Clone)]
pub struct Signer {
    key: SigningKey,
    id: KeyId,
}

impl Signer {
    /// The key of 32 secret bytes, drawn by the system.
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        Self::of(SigningKey::from_bytes(secret))
    }

    fn of(key: SigningKey) -> Self {
        Self { id: KeyId::of(&key.verifying_key()), key }
    }

    /// Reads a private key, PKCS #8 in PEM. Errors: it is none.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        SigningKey::from_pkcs8_pem(text).map(Self::of).map_err(|_| KeyError::Private)
    }

    /// As a file keeps it: PKCS #8 in PEM, which `openssl pkey` reads.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        let pem = self.key.to_pkcs8_pem(ed25519_dalek::pkcs8::spki::der::pem::LineEnding::LF);
        pem.map(|pem| pem.as_str().to_owned()).map_err(|_| KeyError::Private)
    }

    /// Its name.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The half that everybody may know.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.key.verifying_key())
    }

    /// `message`, a JSON object with at least one key, signed under `topic`; longer by
    /// `SIGNATURE_BYTES`.
    pub fn sign(&self, topic: &str, mut message: Vec<u8>) -> Vec<u8> {
        message.pop(); // its last brace, which comes again
        let signature = self.key.sign(&under(topic, &message));
        message.extend_from_slice(HEAD);
        message.extend_from_slice(self.id.to_string().as_bytes());
        message.push(b'.');
        message.extend_from_slice(URL_SAFE_NO_PAD.encode(signature.to_bytes()).as_bytes());
        message.extend_from_slice(TAIL);
        message
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.id)
    }
}

/// The private keys of those who speak over our connections.
#[derive(Debug, Clone, Default)]
pub struct Keychain {
    /// Of single plants.
    pub of_plants: BTreeMap<PlantId, Signer>,
    /// For every plant that has none of its own: that of an exercise.
    pub of_space: Option<Signer>,
}

impl Keychain {
    /// A message of a plant as it goes out under `topic`: signed, if there is a key for it.
    pub fn sign(&self, plant: &PlantId, topic: &str, message: Vec<u8>) -> Vec<u8> {
        match self.of_plants.get(plant).or(self.of_space.as_ref()) {
            Some(signer) => signer.sign(topic, message),
            None => message,
        }
    }
}

/// A message with the form of a signed one; whether its signature is true is still to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed<'a> {
    /// The key that it names.
    pub key: KeyId,
    body: &'a [u8],
    signature: [u8; 64],
}

impl<'a> Signed<'a> {
    /// Takes a message apart; none when it does not end as signed ones do.
    pub fn read(message: &'a [u8]) -> Option<Self> {
        let (body, end) = message.split_at_checked(message.len().checked_sub(END_BYTES)?)?;
        let text = end.strip_prefix(HEAD)?.strip_suffix(TAIL)?;
        let (key, text) = text.split_at_checked(KEY_ID_CHARS)?;
        let key = std::str::from_utf8(key).ok()?.parse().ok()?;
        let mut signature = [0; 64];
        let decoded =
            URL_SAFE_NO_PAD.decode_slice_unchecked(text.strip_prefix(b".")?, &mut signature);
        (decoded.ok()? == signature.len()).then_some(Self { key, body, signature })
    }
}

/// The message without its signature, if it has one.
pub fn unsigned(mut message: Vec<u8>) -> Vec<u8> {
    if let Some(signed) = Signed::read(&message) {
        let end = signed.body.len();
        message.truncate(end);
        message.push(b'}');
    }
    message
}

/// What is signed. No topic has a line break.
fn under(topic: &str, body: &[u8]) -> Vec<u8> {
    [topic.as_bytes(), b"\n", body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOPIC: &str = "sanmen/v1/k7/sanmen/data";
    const MESSAGE: &[u8] = br#"{"plant":"sanmen","boot_id":3}"#;

    /// RFC 8032, 7.1, test 1.
    const SECRET: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

    fn bytes(hex: &str) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (n, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).expect("digits");
        }
        bytes
    }

    fn signer() -> Signer {
        Signer::from_secret(&bytes(SECRET))
    }

    #[test]
    fn the_public_half_is_that_of_the_standard() {
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        assert_eq!(signer().public().to_string(), STANDARD.encode(bytes(public)));
        // `printf '%s' d75a… | xxd -r -p | sha256sum`
        assert_eq!(signer().id().to_string(), "21fe31dfa154a261");
    }

    #[test]
    fn a_signed_message_is_still_json_and_only_longer() {
        let signed = signer().sign(TOPIC, MESSAGE.to_vec());
        assert_eq!(signed.len(), MESSAGE.len() + SIGNATURE_BYTES);
        let json: serde_json::Value = serde_json::from_slice(&signed).expect("JSON");
        assert_eq!(json["plant"], "sanmen");
        assert_eq!(unsigned(signed.clone()), MESSAGE);
        assert_eq!(unsigned(MESSAGE.to_vec()), MESSAGE);
        let sig = json["sig"].as_str().expect("a text");
        assert!(sig.starts_with("21fe31dfa154a261."), "{sig}");
    }

    #[test]
    fn keys_come_back_from_their_texts_and_show_no_secret() {
        let pem = signer().to_pem().expect("written");
        let again = Signer::from_pem(&pem).expect("as written");
        assert_eq!(again.public(), signer().public());
        assert_eq!(format!("{again:?}"), "Signer(21fe31dfa154a261)");
        let public = signer().public().to_string();
        assert_eq!(public.parse(), Ok(signer().public()));
        assert_eq!("21fe31dfa154a261".parse(), Ok(signer().id()));
        assert_eq!("21FE31DFA154A261".parse::<KeyId>(), Err(KeyError::Name));
        assert_eq!("+1fe31dfa154a261".parse::<KeyId>(), Err(KeyError::Name));
        // The neutral element verifies anything: it is no key.
        let weak = STANDARD.encode([[1].as_slice(), &[0; 31]].concat());
        for text in ["", "AAAA", weak.as_str(), "no base 64!"] {
            assert_eq!(text.parse::<PublicKey>(), Err(KeyError::Public), "{text}");
        }
        assert!(Signer::from_pem("-----BEGIN PRIVATE KEY-----\n").is_err());
    }

    proptest! {
        /// Nobody can move a signature to another topic, change a bit of its message or of itself.
        #[test]
        fn what_is_changed_does_not_verify(at in 0_usize..200, bit in 0_u32..8) {
            let signed = signer().sign(TOPIC, MESSAGE.to_vec());
            let read = Signed::read(&signed).expect("signed");
            prop_assert!(signer().public().verifies(TOPIC, &read));
            prop_assert!(!signer().public().verifies("sanmen/v1/k7/qingxi/data", &read));
            let mut forged = signed.clone();
            let at = at % forged.len();
            forged[at] ^= 1 << bit;
            let accepted = Signed::read(&forged).is_some_and(|read| {
                read.key == signer().id() && signer().public().verifies(TOPIC, &read)
            });
            prop_assert!(!accepted, "byte {at}, bit {bit}");
        }

        #[test]
        fn anything_may_come(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Signed::read(&bytes);
            let mut long = bytes;
            long.extend_from_slice(&signer().sign(TOPIC, MESSAGE.to_vec())[20..]);
            let read = Signed::read(&long).expect("it ends like one");
            prop_assert!(!signer().public().verifies(TOPIC, &read));
        }
    }
}
