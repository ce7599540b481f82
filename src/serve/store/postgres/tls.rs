//! TLS to the server, by the words that libpq has for it in an address.
//!
//! ```text
//! disable             none
//! allow, prefer       where the server offers it; its certificate is not looked at
//! require             always; the certificate is looked at where `sslrootcert` names an authority
//! verify-ca           and it must be signed by an authority
//! verify-full         and it must be that of the host
//! sslrootcert=FILE    the authority; `system`, or nothing: those of the machine
//! ```

use std::path::Path;
use std::sync::Arc;

use tokio_postgres::Socket;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// What a connection is made with.
pub(in crate::serve) type Connector = MakeRustlsConnect;
/// What it is then.
pub(super) type Stream = <Connector as MakeTlsConnect<Socket>>::Stream;

/// What is looked at of a server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    Nothing,
    Authority,
    AuthorityAndName,
}

/// The mode that the client knows, and what a connection is made with.
///
/// # Errors
/// The word is none of libpq's, or there is no certificate of an authority.
pub(in crate::serve) fn connector(mode: &str, authority: Option<&str>) -> Result<(SslMode, Connector), String> {
    let (mode, check) = match (mode, authority) {
        ("disable", _) => (SslMode::Disable, Check::Nothing),
        ("allow" | "prefer", _) => (SslMode::Prefer, Check::Nothing),
        ("require", None) => (SslMode::Require, Check::Nothing),
        ("require", Some(_)) | ("verify-ca", _) => (SslMode::Require, Check::Authority),
        ("verify-full", _) => (SslMode::Require, Check::AuthorityAndName),
        _ => return Err("`sslmode` is `disable`, `prefer`, `require`, `verify-ca` or `verify-full`".to_owned()),
    };
    let provider = Arc::new(ring::default_provider());
    let authorities = match check {
        Check::Nothing => None,
        Check::Authority | Check::AuthorityAndName => Some(verifier(authority, &provider)?),
    };
    let verifier = Arc::new(Verifier { check, authorities, provider: Arc::clone(&provider) });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok((mode, MakeRustlsConnect::new(config)))
}

fn verifier(authority: Option<&str>, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, String> {
    let (certificates, place) = match authority {
        None | Some("system") => (rustls_native_certs::load_native_certs().certs, "this machine".to_owned()),
        Some(file) => (read(Path::new(file))?, format!("`{file}`")),
    };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates);
    let none = |_| format!("{place} has no certificate of an authority: name one with `sslrootcert=FILE`");
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build().map_err(none)
}

fn read(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |error| format!("`sslrootcert`: `{}`: {error}", file.display());
    CertificateDer::pem_file_iter(file).map_err(wrong)?.collect::<Result<_, _>>().map_err(wrong)
}

#[derive(Debug)]
struct Verifier {
    check: Check,
    authorities: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(authorities) = &self.authorities else { return Ok(ServerCertVerified::assertion()) };
        match authorities.verify_server_cert(certificate, between, name, ocsp, now) {
            // the name is looked at last
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.check == Check::Authority => Ok(ServerCertVerified::assertion()),
            outcome => outcome,
        }
    }

    // whoever answers has the key of the certificate, whatever is looked at of that
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
