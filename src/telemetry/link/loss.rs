//! Why a connection ended or never came up, as one sentence that says the way out.

use std::error::Error;
use std::io;

use rumqttc::v5;
use rustls::{AlertDescription, CertificateError};

use crate::base::Stamp;
use crate::telemetry::access::Access;

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::telemetry) struct Loss {
    pub reason: String,
    pub kind: LossKind,
}

/// What an end means for the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::telemetry) enum LossKind {
    /// Worth trying again.
    Broken,
    /// Closed before it was accepted: a 3.1.1 broker does that to a 5 client.
    Unanswered,
    /// The broker said that it does not speak this version.
    Version,
    /// It will go on like this until somebody changes something.
    Refused,
    /// Another client has come with our name.
    TakenOver,
}

impl Loss {
    pub(super) fn broken(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), kind: LossKind::Broken }
    }

    fn refused(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), kind: LossKind::Refused }
    }
}

const NO_ANSWER: &str = "no answer to CONNECT";
const NO_CONNACK: &str = "something else than CONNACK";

pub(super) fn loss_5(error: &v5::ConnectionError, access: &Access) -> Loss {
    use v5::mqttbytes::Error as PacketError;
    use v5::mqttbytes::v5::{ConnectReturnCode as Code, DisconnectReasonCode};
    use v5::{ConnectionError, StateError};
    let state = match error {
        ConnectionError::Timeout(_) => return Loss::broken(NO_ANSWER),
        ConnectionError::ConnectionRefused(code) => {
            let reason = match code {
                Code::BadUserNamePassword | Code::NotAuthorized => return no_login(access),
                Code::ClientIdentifierNotValid => "it does not accept our client id".to_owned(),
                code => format!("it says {code:?}"),
            };
            let kind = match code {
                Code::UnsupportedProtocolVersion | Code::RefusedProtocolVersion => {
                    LossKind::Version
                }
                Code::ServerUnavailable
                | Code::ServiceUnavailable
                | Code::ServerBusy
                | Code::QuotaExceeded
                | Code::ConnectionRateExceeded => LossKind::Broken,
                _ => LossKind::Refused,
            };
            return Loss { reason, kind };
        }
        ConnectionError::Websocket(_) | ConnectionError::ResponseValidation(_) => {
            return on_the_way(error, access).unwrap_or_else(|| no_websocket(error, access));
        }
        ConnectionError::NotConnAck(_) => return no_mqtt(NO_CONNACK),
        ConnectionError::MqttState(state) => state,
        error => return other(error, access),
    };
    let (reason, kind) = match state {
        StateError::Deserialization(PacketError::InvalidConnectReturnCode(1)) => {
            ("it does not speak MQTT 5".to_owned(), LossKind::Version)
        }
        StateError::ConnectionAborted => return closed(access),
        StateError::ServerDisconnect { reason_code, .. } => match reason_code {
            DisconnectReasonCode::SessionTakenOver => {
                ("another client uses our client id".to_owned(), LossKind::TakenOver)
            }
            code => (format!("it disconnected us: {code:?}"), LossKind::Broken),
        },
        error @ StateError::OutgoingPacketTooLarge { .. } => (error.to_string(), LossKind::Refused),
        StateError::AwaitPingResp => ("no answer to a ping".to_owned(), LossKind::Broken),
        StateError::Deserialization(error) => {
            return on_the_way(error, access).unwrap_or_else(|| no_mqtt(&error.to_string()));
        }
        _ => return other(error, access),
    };
    Loss { reason, kind }
}

pub(super) fn loss_311(error: &rumqttc::ConnectionError, access: &Access) -> Loss {
    use rumqttc::{ConnectReturnCode as Code, ConnectionError, StateError};
    match error {
        ConnectionError::NetworkTimeout => Loss::broken(NO_ANSWER),
        ConnectionError::Io(error) if error.kind() == io::ErrorKind::ConnectionAborted => {
            closed(access)
        }
        ConnectionError::MqttState(StateError::ConnectionAborted) => closed(access),
        ConnectionError::ConnectionRefused(code) => match code {
            Code::RefusedProtocolVersion => {
                let reason = "it does not speak MQTT 3.1.1".to_owned();
                Loss { reason, kind: LossKind::Version }
            }
            Code::ServiceUnavailable => Loss::broken("it says ServiceUnavailable"),
            Code::BadUserNamePassword | Code::NotAuthorized => no_login(access),
            Code::BadClientId => Loss::refused("it does not accept our client id"),
            Code::Success => Loss::broken("it says Success"),
        },
        ConnectionError::Websocket(_) | ConnectionError::ResponseValidation(_) => {
            on_the_way(error, access).unwrap_or_else(|| no_websocket(error, access))
        }
        ConnectionError::MqttState(StateError::AwaitPingResp) => {
            Loss::broken("no answer to a ping")
        }
        ConnectionError::MqttState(StateError::Deserialization(error)) => {
            on_the_way(error, access).unwrap_or_else(|| no_mqtt(&error.to_string()))
        }
        ConnectionError::NotConnAck(_) => no_mqtt(NO_CONNACK),
        error => other(error, access),
    }
}

/// How the sentences about a closed connection begin; the rest is for one that never came up.
pub(super) const CLOSED: &str = "it closed the connection";

fn closed(access: &Access) -> Loss {
    let what = match (access.url.path.is_some(), access.url.encrypted) {
        (false, false) => "MQTT, without TLS",
        (false, true) => "MQTT over TLS",
        (true, false) => "websockets, without TLS",
        (true, true) => "websockets over TLS",
    };
    let reason = format!("{CLOSED}; is port {} one for {what}?", access.url.port);
    Loss { reason, kind: LossKind::Unanswered }
}

fn no_login(access: &Access) -> Loss {
    Loss::refused(match &access.url.login {
        Some((user, password)) if password.is_empty() => format!(
            "it does not accept {user}, and no password was given: give it in \
             SANMEN_BROKER_PASSWORD or --password-file FILE"
        ),
        Some(_) => "it does not accept this user and password, or not from here".to_owned(),
        None => "it wants a login: give --user NAME, and the password in SANMEN_BROKER_PASSWORD \
                 or --password-file FILE"
            .to_owned(),
    })
}

fn no_mqtt(why: &str) -> Loss {
    Loss::broken(format!("what it sends is no MQTT: {why}"))
}

fn no_websocket(error: &dyn Error, access: &Access) -> Loss {
    let path = access.url.path.as_deref().unwrap_or_default();
    let said = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    Loss::refused(format!(
        "no MQTT over websockets at {path} on port {} ({said}): check both, or use mqtt:// or \
         mqtts://",
        access.url.port
    ))
}

fn other(error: &(dyn Error + 'static), access: &Access) -> Loss {
    on_the_way(error, access).unwrap_or_else(|| Loss::broken(error.to_string()))
}

/// What TLS or the network below it has to say about an error, however deep it lies.
fn on_the_way(error: &(dyn Error + 'static), access: &Access) -> Option<Loss> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(error) = cause.downcast_ref::<rustls::Error>() {
            return Some(no_tls(error, access));
        }
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            // An I/O error does not count the error it holds among its causes.
            let inner = error.get_ref().map(|inner| inner as &(dyn Error + 'static));
            let inner = inner.and_then(|inner| on_the_way(inner, access));
            return Some(inner.unwrap_or_else(|| no_net(error, access)));
        }
        next = cause.source();
    }
    None
}

fn no_net(error: &io::Error, access: &Access) -> Loss {
    use io::ErrorKind as Kind;
    let text = error.to_string();
    Loss::broken(match error.kind() {
        Kind::ConnectionRefused => {
            format!("nothing listens at port {} there: connection refused", access.url.port)
        }
        Kind::ConnectionReset
        | Kind::ConnectionAborted
        | Kind::BrokenPipe
        | Kind::UnexpectedEof => closed(access).reason,
        _ if text.contains("failed to lookup address") => {
            format!("no host {} is known here", access.url.host)
        }
        _ => text,
    })
}

/// `DnsName("h")` is how the library writes a name.
fn names(presented: &[String]) -> String {
    let plain = |text: &String| text.split('"').nth(1).unwrap_or(text).to_owned();
    presented.iter().map(plain).collect::<Vec<_>>().join(", ")
}

fn no_tls(error: &rustls::Error, access: &Access) -> Loss {
    let (host, port) = (&access.url.host, access.url.port);
    let day = |time: u64| match Stamp::from_ms((time as i64).saturating_mul(1_000)) {
        Ok(stamp) => stamp.to_string()[..10].to_owned(),
        Err(_) => "a day of no calendar".to_owned(),
    };
    Loss::refused(match error {
        rustls::Error::InvalidCertificate(error) => match error {
            CertificateError::UnknownIssuer => "its certificate comes from an authority that is \
                 not known here: give that authority's certificate with --ca FILE"
                .to_owned(),
            CertificateError::ExpiredContext { not_after, .. } => format!(
                "its certificate has expired on {}: whoever runs it must renew that",
                day(not_after.as_secs())
            ),
            CertificateError::Expired => {
                "its certificate has expired: whoever runs it must renew that".to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "its certificate is not valid yet: is the clock of this machine right?".to_owned()
            }
            CertificateError::NotValidForNameContext { presented, .. } => format!(
                "its certificate is not for {host} but for {}: use that name",
                names(presented)
            ),
            CertificateError::NotValidForName => {
                format!("its certificate is not for {host}: use its own name")
            }
            error => format!("its certificate is not valid: {error}"),
        },
        rustls::Error::AlertReceived(alert) => match alert {
            AlertDescription::CertificateRequired => "it wants a certificate of ours: give --cert \
                 FILE and --key FILE"
                .to_owned(),
            AlertDescription::HandshakeFailure if !access.tls.has_certificate => "it does not \
                 agree to a connection; it may want a certificate of ours: --cert FILE, --key FILE"
                .to_owned(),
            AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::DecryptError
            | AlertDescription::AccessDenied => {
                format!("it does not accept our certificate (it says {alert:?}): see --cert FILE")
            }
            alert => return Loss::broken(format!("it ends TLS: {alert:?}")),
        },
        rustls::Error::InvalidMessage(_) => {
            format!("what answers at port {port} is no TLS: use mqtt:// or ws://, or another port")
        }
        rustls::Error::PeerIncompatible(_) => {
            format!("it speaks neither TLS 1.2 nor 1.3 as we do: {error}")
        }
        error => return Loss::broken(format!("TLS: {error}")),
    })
}
