//! The certificate of each name, made when it is first asked for: a wildcard covers one part of a name, and names of
//! agents have three.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rcgen::KeyPair;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::{CertifiedKey, SigningKey};
use tokio_rustls::rustls::{self, ServerConfig};

use super::authority::Authority;
use super::host::{Domains, Within, plain_name};
use super::settings::Given;
use crate::serve::Error;
use crate::system::Home;

/// How many are kept; then all are made again as they are asked for.
const KEPT: usize = 512;
/// How old one is at most: it holds for ninety days.
const AGE: Duration = Duration::from_hours(30 * 24);

/// What TLS connections are accepted with.
///
/// # Errors
/// There is no authority, or what was given is no certificate with its key.
pub(super) fn configuration(home: &Home, given: Option<&Given>) -> Result<Arc<ServerConfig>, Error> {
    let provider = Arc::new(ring::default_provider());
    let certificates = Certificates::new(home, given)?;
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&home.path().join("serve"), &error))?;
    let mut configuration = builder.with_no_client_auth().with_cert_resolver(Arc::new(certificates));
    configuration.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(configuration))
}

struct Certificates {
    local: Domains,
    authority: Authority,
    /// The key of all that are made; of this process.
    key: KeyPair,
    signer: Arc<dyn SigningKey>,
    made: Mutex<HashMap<String, (Instant, Arc<CertifiedKey>)>>,
    /// A certificate for names that the authority does not sign.
    given: Option<Arc<CertifiedKey>>,
}

impl Certificates {
    fn new(home: &Home, given: Option<&Given>) -> Result<Self, Error> {
        let authority = Authority::of(home)?;
        let place = home.path().join("serve");
        let key = KeyPair::generate().map_err(|error| wrong(&place, &error))?;
        let der = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let signer = ring::sign::any_supported_type(&der).map_err(|error| wrong(&place, &error))?;
        let given = given.map(read).transpose()?.map(Arc::new);
        Ok(Self { local: Domains::new(None), authority, key, signer, made: Mutex::default(), given })
    }

    fn of(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = made.get(name).filter(|(since, _)| since.elapsed() < AGE) {
            return Some(Arc::clone(known));
        }
        let own = || ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
        let names = if name == "localhost" { own() } else { vec![name.to_owned()] };
        let certificate = self.authority.sign(names, &self.key).ok()?;
        let certified = Arc::new(CertifiedKey::new(vec![certificate], Arc::clone(&self.signer)));
        if made.len() >= KEPT {
            made.clear();
        }
        made.insert(name.to_owned(), (Instant::now(), Arc::clone(&certified)));
        Some(certified)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // who asks for an address names none
        let name = plain_name(hello.server_name().unwrap_or("localhost"))?;
        match self.local.place(&name) {
            Within::Foreign => self.given.clone(),
            _ => self.of(&name),
        }
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Certificates").finish_non_exhaustive()
    }
}

/// Reads a certificate with what is above it, and its key.
fn read(given: &Given) -> Result<CertifiedKey, Error> {
    let path = &given.certificate;
    let chain = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| wrong(path, &error))?;
    if chain.is_empty() {
        return Err(Error::Certificate { path: path.clone(), reason: "there is no certificate in it".to_owned() });
    }
    let key = PrivateKeyDer::from_pem_file(&given.key).map_err(|error| wrong(&given.key, &error))?;
    let signer = ring::sign::any_supported_type(&key).map_err(|error| wrong(&given.key, &error))?;
    let certified = CertifiedKey::new(chain, signer);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => Ok(certified),
        Err(error) => Err(wrong(&given.key, &error)),
    }
}

fn wrong(path: &Path, error: &dyn std::error::Error) -> Error {
    Error::Certificate { path: PathBuf::from(path), reason: crate::system::with_causes(error) }
}
