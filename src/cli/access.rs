#![expect(clippy::disallowed_methods, reason = "edge: reads certificates and passwords")]
//! How to get in at a broker, from flags, the environment and settings.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::exit::Failure;
use crate::cli::settings::{Settings, Version};
use crate::cli::stderr::say;
use crate::telemetry::access::{Access, Part, Tls, TlsError};
use crate::telemetry::url::BrokerUrl;

/// Where a password may stand that nobody else on the machine can read.
const PASSWORD: &str = "SANMEN_BROKER_PASSWORD";

/// Flags for a broker that asks for more than its address.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of the broker")]
pub struct AccessArgs {
    /// Authorities that the broker's certificate may come from (PEM), instead of the public ones
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Our certificate with its chain (PEM), for a broker that asks for one
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The private key of that certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Our name at the broker; its password stands in SANMEN_BROKER_PASSWORD or a file
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// A file that holds nothing but the password
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The version of MQTT: 5, 3.1.1, or auto: 5, and 3.1.1 where the broker does not speak it
    #[arg(long, value_name = "VERSION", value_parser = Version::parse)]
    mqtt: Option<Version>,
}

impl AccessArgs {
    /// All that is needed to reach the broker at `url`; flags go before settings. Says on stderr
    /// what is not as safe as it could be. Errors: a file that cannot be used.
    pub fn access(&self, mut url: BrokerUrl, settings: &Settings) -> Result<Access, Failure> {
        let set = &settings.broker;
        if url.login.as_ref().is_some_and(|(_, password)| !password.is_empty()) {
            say(&format!(
                "a password in an address can be read by everybody on this machine: give --user \
                 NAME, and the password in {PASSWORD} or --password-file FILE"
            ));
        }
        if let Some(user) = self.user.clone().or_else(|| named(&set.user))
            && url.login.is_none()
        {
            url.login = Some((user, String::new()));
        }
        let file = |flag: &Option<PathBuf>, set: &str| {
            flag.clone().or_else(|| named(set).map(PathBuf::from))
        };
        match &mut url.login {
            Some((_, password)) if password.is_empty() => {
                *password = self.password(named(&set.password_file).as_deref())?;
            }
            None if self.password_file.is_some() => {
                return Err(Failure::usage("a password needs a name: give --user NAME"));
            }
            _ => {}
        }
        let ca = file(&self.ca, &set.ca_file);
        let (cert, key) = (file(&self.cert, &set.cert_file), file(&self.key, &set.key_file));
        let tls = tls(ca.as_deref(), cert.as_deref(), key.as_deref())?;
        if !url.encrypted && (ca.is_some() || cert.is_some()) {
            say(&format!("{url} is not encrypted: no certificate is looked at, or shown"));
        } else if !url.encrypted && !url.is_loopback() {
            say(&format!(
                "{url} is not encrypted: anybody on the way can read and change what is said; use \
                 mqtts:// or wss:// where the broker has them"
            ));
        }
        let protocol = self.mqtt.unwrap_or(set.mqtt).protocol();
        Ok(Access { url, tls, protocol, ceiling: None })
    }

    /// These flags again, each after a space, for a command that reaches the same broker from the
    /// same machine. No password is among them: it stands in a file, or in the environment.
    pub fn repeated(&self) -> String {
        let files = [
            ("ca", &self.ca),
            ("cert", &self.cert),
            ("key", &self.key),
            ("password-file", &self.password_file),
        ];
        let files = files.into_iter().filter_map(|(flag, path)| {
            path.as_ref().map(|path| (flag, path.display().to_string()))
        });
        let user = self.user.clone().map(|user| ("user", user));
        let mqtt = self.mqtt.map(|version| ("mqtt", version.word().to_owned()));
        let all = files.chain(user).chain(mqtt);
        let shown = all.map(|(flag, value)| format!(" --{flag} {}", in_shell(&value)));
        shown.collect::<Vec<_>>().concat()
    }

    fn password(&self, set: Option<&str>) -> Result<String, Failure> {
        if self.password_file.is_none()
            && let Ok(password) = std::env::var(PASSWORD)
        {
            return Ok(password);
        }
        let Some(path) = self.password_file.as_deref().or(set.map(Path::new)) else {
            return Ok(String::new());
        };
        let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    }
}

/// `text` as one word of a shell.
fn in_shell(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+:@,=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn named(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn tls(ca: Option<&Path>, cert: Option<&Path>, key: Option<&Path>) -> Result<Tls, Failure> {
    let read = |path: Option<&Path>| {
        path.map(|path| std::fs::read(path).map_err(|error| Failure::file(path, error))).transpose()
    };
    let (authorities, chain, secret) = (read(ca)?, read(cert)?, read(key)?);
    let own = match (&chain, &secret) {
        (Some(chain), Some(secret)) => Some((chain.as_slice(), secret.as_slice())),
        (None, None) => None,
        _ => {
            return Err(Failure::usage("a certificate needs its key: give cert_file and key_file"));
        }
    };
    Tls::new(authorities.as_deref(), own).map_err(|(part, error)| {
        let path = match part {
            Part::Ca => ca,
            Part::Cert => cert,
            Part::Key => key,
        };
        let path = path.map_or_else(String::new, |path| path.display().to_string());
        Failure::usage(Unusable { path, error })
    })
}

/// A file that is no certificate or key.
#[derive(Debug, thiserror::Error)]
#[error("{path} {error}")]
struct Unusable {
    path: String,
    error: TlsError,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::link::Protocol;

    #[test]
    fn flags_are_repeated_as_a_shell_reads_them_and_without_a_password() {
        let none = AccessArgs {
            ca: None,
            cert: None,
            key: None,
            user: None,
            password_file: None,
            mqtt: None,
        };
        assert_eq!(none.repeated(), "");
        let some = AccessArgs {
            ca: Some("my keys/ca.pem".into()),
            user: Some("o'neil".to_owned()),
            mqtt: Some(Version::Only(Protocol::V311)),
            ..none
        };
        assert_eq!(some.repeated(), r" --ca 'my keys/ca.pem' --user 'o'\''neil' --mqtt 3.1.1");
    }
}
