//! The certificate authority of one home: it signs names of loopback, and no others.
//!
//! Whoever trusts it trusts the holder of its key, so the key is in the home, for its owner alone, and the authority says
//! of itself what it may sign (name constraints): `localhost`, what is below it, and loopback addresses. Browsers and
//! TLS libraries refuse anything else that is signed with a stolen key.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use tokio_rustls::rustls::pki_types::CertificateDer;

use crate::serve::Error;
use crate::system::{self, FileLock, Home};

/// Years that the authority holds.
const YEARS: i64 = 10;
/// Days that the certificate of a name holds; browsers refuse more than 398.
const DAYS: i64 = 90;

/// An authority that can sign.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
}

/// Where the certificate of a home's authority is.
pub(in crate::serve) fn certificate_path(home: &Home) -> PathBuf {
    home.path().join("serve/authority.pem")
}

/// What the authority of a home is called in lists of certificates.
pub(in crate::serve) fn authority_name(home: &Home) -> String {
    format!("harness local authority {}", home.id())
}

impl Authority {
    /// The authority of a home, made where there is none.
    ///
    /// # Errors
    /// Its files cannot be read or written.
    pub(super) fn of(home: &Home) -> Result<Self, Error> {
        let (certificate, key) = (certificate_path(home), home.path().join("serve/authority.key"));
        system::create_private_dir(&home.path().join("serve"), 0o700)?;
        // `serve` and `trust` may both be the first
        let _lock = FileLock::wait(&home.path().join("serve/authority.lock"), "make the authority")?;
        let known = system::read_optional(&key)?.filter(|_| certificate.exists());
        if let Some(bytes) = known {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let pair = KeyPair::from_pem(&text).map_err(wrong(&key))?;
            return Ok(Self { issuer: Issuer::new(own(home), pair) });
        }
        let pair = KeyPair::generate().map_err(wrong(&key))?;
        let params = own(home);
        let signed = params.self_signed(&pair).map_err(wrong(&certificate))?;
        system::write_atomic(&key, pair.serialize_pem().as_bytes(), 0o600)?;
        system::write_atomic(&certificate, signed.pem().as_bytes(), 0o644)?;
        Ok(Self { issuer: Issuer::new(params, pair) })
    }

    /// Signs a certificate for these names.
    ///
    /// # Errors
    /// One of them is no name.
    pub(super) fn sign(&self, names: Vec<String>, key: &KeyPair) -> Result<CertificateDer<'static>, rcgen::Error> {
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = named("harness gateway");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        hold(&mut params, DAYS);
        Ok(params.signed_by(key, &self.issuer)?.der().clone())
    }
}

/// What the authority of a home says of itself.
fn own(home: &Home) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(&authority_name(home));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 0], 8)),
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(std::net::Ipv6Addr::LOCALHOST.octets(), 128)),
        ],
        excluded_subtrees: Vec::new(),
    });
    hold(&mut params, YEARS * 365);
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// The day so many days from now: year, month and day.
fn day(after: i64) -> (i32, u8, u8) {
    let then = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * after);
    let date = jiff::tz::TimeZone::UTC.to_datetime(then).date();
    (date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
}

/// Has a certificate hold from yesterday, since clocks differ, for so many days.
fn hold(params: &mut CertificateParams, days: i64) {
    let ((year, month, first), (last_year, last_month, last)) = (day(-1), day(days));
    params.not_before = date_time_ymd(year, month, first);
    params.not_after = date_time_ymd(last_year, last_month, last);
}

fn wrong(path: &Path) -> impl FnOnce(rcgen::Error) -> Error {
    let path = path.to_owned();
    move |error| Error::Certificate { path, reason: error.to_string() }
}
