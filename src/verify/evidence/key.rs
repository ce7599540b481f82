//! The home's signing key, and public keys as files.
//!
//! Both are PEM, so that other programs read them too: PKCS #8 for the private key, `SubjectPublicKeyInfo` for the public one.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use sha2::{Digest, Sha256};

use super::error::Error;
use crate::report::Failure;
use crate::report::verify::PublicKey;
use crate::system::{self, FileLock, Home, Secret};

const PUBLIC: &str = "PUBLIC KEY";
const PRIVATE: &str = "PRIVATE KEY";
/// What only the owner of a private key may have.
const OF_OTHERS: u32 = 0o077;
/// What stands before the 32 bytes of a public key: `SubjectPublicKeyInfo` of Ed25519 (RFC 8410).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A key that signs.
pub(super) struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// The home's own; made if there is none.
    pub(super) fn of(home: &Home) -> Result<Self, Failure> {
        let directory = home.path().join("evidence");
        system::create_private_dir(&directory, 0o700)?;
        let path = directory.join("key.pem");
        if let Some(key) = Self::read(&path)? {
            return Ok(key);
        }
        // of two first signatures one makes the key
        let _lock = FileLock::wait(&directory.join("lock"), "make the signing key")?;
        if let Some(key) = Self::read(&path)? {
            return Ok(key);
        }
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .map_err(|_| system::Error::call("make a key")(std::io::Error::other("no random numbers")))?;
        system::write_atomic(&path, pem(PRIVATE, made.as_ref()).expose().as_bytes(), 0o600)?;
        Ok(Self::read(&path)?.ok_or(Error::KeyDamaged(path))?)
    }

    /// A key that other users may read is refused, as ssh refuses one: its signatures prove nothing, and a warning is easily
    /// missed in the output of an agent.
    fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let Some(bytes) = system::read_optional(path)? else { return Ok(None) };
        let mode = path.metadata().map_err(system::Error::file("look at", path))?.permissions().mode() & 0o777;
        if mode & OF_OTHERS != 0 {
            return Err(Error::KeyExposed { path: path.to_owned(), mode }.into());
        }
        let key = unpem(PRIVATE, &bytes).and_then(|der| Ed25519KeyPair::from_pkcs8(&der).ok());
        Ok(Some(Self(key.ok_or_else(|| Error::KeyDamaged(path.to_owned()))?)))
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }

    pub(super) fn verifying(&self) -> VerifyingKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.public_key().as_ref());
        VerifyingKey(bytes)
    }
}

/// A key that checks.
#[derive(Clone, Copy)]
pub(super) struct VerifyingKey([u8; 32]);

impl VerifyingKey {
    /// Reads the file of a public key.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = std::fs::read(path).map_err(system::Error::file("read", path))?;
        let wrong = |error: fn(PathBuf) -> Error| Failure::from(error(path.to_owned()));
        if unpem(PRIVATE, &bytes).is_some() {
            return Err(wrong(Error::PrivateKey));
        }
        let der = unpem(PUBLIC, &bytes).ok_or_else(|| wrong(Error::PublicKey))?;
        let key = der.strip_prefix(&SPKI).and_then(|key| key.try_into().ok());
        key.map(Self).ok_or_else(|| wrong(Error::PublicKey))
    }

    fn spki(&self) -> Vec<u8> {
        [&SPKI[..], &self.0].concat()
    }

    /// Its name: the SHA-256 of its `SubjectPublicKeyInfo`.
    pub(super) fn id(&self) -> String {
        system::hexadecimal(&Sha256::digest(self.spki()))
    }

    /// Whether `signature` is its own over `message`.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message, signature).is_ok()
    }
}

/// The public half of the home's key, which is made if there is none.
///
/// # Errors
/// It cannot be read or written.
pub fn public_key(home: &Home) -> Result<PublicKey, Failure> {
    let key = SigningKey::of(home)?.verifying();
    Ok(PublicKey {
        schema: "harness/verify-key/1".to_owned(),
        key_id: key.id(),
        public_key: pem(PUBLIC, &key.spki()).expose().to_owned(),
    })
}

fn pem(label: &str, der: &[u8]) -> Secret {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    Secret::new(format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n")))
}

fn unpem(label: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body: String = body.split_whitespace().collect();
    STANDARD.decode(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_is_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::open(&directory.path().join("home")).unwrap();
        let (first, second) = (public_key(&home).unwrap(), public_key(&home).unwrap());
        assert_eq!(first, second);
        let file = home.path().join("evidence/key.pem");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let public = directory.path().join("key.pub");
        std::fs::write(&public, &first.public_key).unwrap();
        let key = VerifyingKey::read(&public).unwrap();
        assert_eq!(key.id(), first.key_id);
        assert!(key.verifies(b"text", &SigningKey::of(&home).unwrap().sign(b"text")));
        assert!(!key.verifies(b"test", &SigningKey::of(&home).unwrap().sign(b"text")));
        let code = |path: &Path| VerifyingKey::read(path).err().unwrap().document().code;
        assert_eq!(code(&file), "evidence.private_key");
        for mode in [0o644, 0o640, 0o604, 0o620] {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            let refused = public_key(&home).unwrap_err().document();
            assert_eq!(refused.code, "evidence.key_exposed");
            assert!(refused.message.contains(&format!("mode {mode:o}")), "{}", refused.message);
        }
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o400)).unwrap();
        assert_eq!(public_key(&home).unwrap(), first);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&public, "ssh-ed25519 AAAA").unwrap();
        assert_eq!(code(&public), "evidence.public_key");
        std::fs::write(&file, "-----BEGIN PRIVATE KEY-----").unwrap();
        assert_eq!(public_key(&home).unwrap_err().document().code, "evidence.key_damaged");
    }
}
