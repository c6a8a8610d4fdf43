//! How to reach a broker: its address, whom to trust there, and which MQTT to speak.

use std::fmt;
use std::sync::Arc;

use rustls::client::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{InconsistentKeys, RootCertStore};

use crate::telemetry::ceiling::Ceiling;
use crate::telemetry::link::Protocol;
use crate::telemetry::url::BrokerUrl;

/// Everything that a connection needs to know of its broker; cheap to clone.
#[derive(Debug, Clone)]
pub struct Access {
    /// Where it is, and who we say we are.
    pub url: BrokerUrl,
    /// Whom to trust, when the connection is encrypted.
    pub tls: Tls,
    /// The version of MQTT; none: 5, and 3.1.1 where the broker does not speak it.
    pub protocol: Option<Protocol>,
    /// How many messages it gets at most from all who share this; none: as many as there are.
    pub ceiling: Option<Ceiling>,
}

/// With the public certificate authorities, any version of MQTT.
impl From<BrokerUrl> for Access {
    fn from(url: BrokerUrl) -> Self {
        Self { url, tls: Tls::default(), protocol: None, ceiling: None }
    }
}

/// The address, without the password.
impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

/// Whose certificates we accept, and the one we show.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    /// Do we show a certificate of ours?
    pub has_certificate: bool,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("has_certificate", &self.has_certificate)
            .finish_non_exhaustive()
    }
}

/// Certificates that cannot be used. The text leaves out which file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// No PEM, or none with certificates.
    #[error("has no certificate: it must be PEM, with a line -----BEGIN CERTIFICATE-----")]
    NoCertificate,
    /// A certificate that is none.
    #[error("has a certificate that cannot be read")]
    BadCertificate,
    /// No PEM, or none with a private key.
    #[error("has no private key: it must be PEM, without a password")]
    NoKey,
    /// The key is that of another certificate, or of a kind we do not know.
    #[error("has a key that does not belong to the certificate, or of a kind we do not know")]
    BadKey,
}

/// The public certificate authorities; no certificate of ours.
impl Default for Tls {
    fn default() -> Self {
        let public = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        Self { config: Arc::new(builder(public).with_no_client_auth()), has_certificate: false }
    }
}

impl Tls {
    /// Trusts the authorities of `ca` (PEM) instead of the public ones, and shows `own`: our
    /// certificate, with its chain, and its private key. Errors: which of the texts, and why not.
    pub fn new(ca: Option<&[u8]>, own: Option<(&[u8], &[u8])>) -> Result<Self, (Part, TlsError)> {
        let mut roots = RootCertStore::empty();
        match ca {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(pem) => {
                for certificate in certificates(pem).map_err(|error| (Part::Ca, error))? {
                    let added = roots.add(certificate);
                    added.map_err(|_| (Part::Ca, TlsError::BadCertificate))?;
                }
            }
        }
        let Some((chain, key)) = own else {
            let config = Arc::new(builder(roots).with_no_client_auth());
            return Ok(Self { config, has_certificate: false });
        };
        let chain = certificates(chain).map_err(|error| (Part::Cert, error))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| (Part::Key, TlsError::NoKey))?;
        let config = builder(roots).with_client_auth_cert(chain, key);
        let config = config.map_err(|error| match error {
            rustls::Error::InvalidCertificate(_) => (Part::Cert, TlsError::BadCertificate),
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) | _ => {
                (Part::Key, TlsError::BadKey)
            }
        })?;
        Ok(Self { config: Arc::new(config), has_certificate: true })
    }

    /// For a TLS client.
    pub(super) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }
}

/// Which text of a `Tls` is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The authorities.
    Ca,
    /// Our certificate.
    Cert,
    /// Its key.
    Key,
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => Err(TlsError::NoCertificate),
        Err(_) => Err(TlsError::BadCertificate),
    }
}

type Builder = rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>;

fn builder(roots: RootCertStore) -> Builder {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has the ciphers of TLS 1.2 and 1.3")
        .with_root_certificates(roots)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn pem() -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(["h".to_owned()]).expect("a name");
        (params.self_signed(&key).expect("signed").pem(), key.serialize_pem())
    }

    #[test]
    fn authorities_and_a_certificate_of_ours_are_read() {
        let (cert, key) = pem();
        let own = (cert.as_bytes(), key.as_bytes());
        let tls = Tls::new(Some(cert.as_bytes()), Some(own)).expect("all there");
        assert!(tls.has_certificate);
        assert!(!Tls::new(None, None).expect("the public ones").has_certificate);
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let ((cert, key), (_, other)) = (pem(), pem());
        let broken = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        let wrong = |ca: Option<&str>, own: Option<(&str, &str)>| {
            let own = own.map(|(cert, key)| (cert.as_bytes(), key.as_bytes()));
            Tls::new(ca.map(str::as_bytes), own).expect_err("wrong")
        };
        assert_eq!(wrong(Some("hello"), None), (Part::Ca, TlsError::NoCertificate));
        assert_eq!(wrong(Some(broken), None), (Part::Ca, TlsError::BadCertificate));
        assert_eq!(wrong(None, Some((&key, &key))), (Part::Cert, TlsError::NoCertificate));
        assert_eq!(wrong(None, Some((&cert, &cert))), (Part::Key, TlsError::NoKey));
        assert_eq!(wrong(None, Some((&cert, &other))), (Part::Key, TlsError::BadKey));
    }
}
