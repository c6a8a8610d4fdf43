//! Where a broker is: `mqtt://[user:password@]host[:port]`, or just `host:port`; `mqtts://` over
//! TLS, `ws://` and `wss://` over websockets, with a path.

use core::net::Ipv6Addr;
use std::fmt;

/// What a key in the address of an exercise begins with.
const KEY: &str = "key=";

/// The path at which brokers usually serve websockets.
const PATH: &str = "/mqtt";

/// The address of a broker. Neither `Display` nor `Debug` shows the password.
#[derive(Clone, PartialEq, Eq)]
pub struct BrokerUrl {
    /// Over TLS?
    pub encrypted: bool,
    /// The path of its websocket; none for plain MQTT.
    pub path: Option<String>,
    /// Name or address; an IPv6 address stands in brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// User and password, when the broker asks for them.
    pub login: Option<(String, String)>,
}

/// A text that is no address of a broker we can reach.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokerUrlError {
    /// Another protocol altogether.
    #[error("{scheme}:// is no MQTT address: write mqtt://, mqtts://, ws:// or wss://HOST:PORT")]
    UnknownScheme {
        /// What was asked for.
        scheme: String,
    },
    /// No host, or characters that no host has.
    #[error("the broker's address has no valid host: write mqtt://HOST:PORT")]
    Host,
    /// The port is no number from 1 to 65535.
    #[error("the broker's port must be a number from 1 to 65535, not {text:?}")]
    Port {
        /// What was given.
        text: String,
    },
    /// Something after the port.
    #[error(
        "the broker's address has something after the port: write mqtt://HOST:PORT; only ws:// and \
         wss:// have a path"
    )]
    Rest,
    /// No address of an exercise.
    #[error("this is no address of an exercise, such as mqtts://HOST:PORT/sanmen/v1/SPACE/#")]
    NotShared,
    /// A path that no request could ask for.
    #[error("the path of a websocket may have letters, digits and -._~/%?=& only")]
    Path,
    /// A broken percent sequence in user or password.
    #[error("user or password has a % that is no %XX")]
    Login,
}

impl BrokerUrl {
    /// The embedded broker, or any other on this machine.
    pub fn loopback(port: u16) -> Self {
        let host = "127.0.0.1".to_owned();
        Self { encrypted: false, path: None, host, port, login: None }
    }

    /// Reads an address. Errors: no scheme of ours, no host, no port, something behind it.
    pub fn parse(text: &str) -> Result<Self, BrokerUrlError> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").unwrap_or(("mqtt", text));
        let (encrypted, is_web) = match scheme.to_ascii_lowercase().as_str() {
            "mqtt" | "tcp" => (false, false),
            "mqtts" | "ssl" | "tls" => (true, false),
            "ws" => (false, true),
            "wss" => (true, true),
            _ => return Err(BrokerUrlError::UnknownScheme { scheme: scheme.to_owned() }),
        };
        // A password may hold a slash; what follows the last @ may not hold another.
        let (login, place) = match rest.rsplit_once('@') {
            None => (None, rest),
            Some((login, place)) => (Some(login), place),
        };
        let end = place.find(['/', '?', '#']).unwrap_or(place.len());
        let (place, path) = place.split_at(end);
        let path = match (is_web, path) {
            (false, "" | "/") => None,
            (false, _) => return Err(BrokerUrlError::Rest),
            (true, "") => Some(PATH.to_owned()),
            (true, path) if is_path(path) => Some(path.to_owned()),
            (true, _) => return Err(BrokerUrlError::Path),
        };
        let (host, port) = split_port(place)?;
        let port = port.unwrap_or(usual_port(encrypted, is_web));
        let login = match login {
            None => None,
            Some(login) => {
                let (user, password) = login.split_once(':').unwrap_or((login, ""));
                Some((percent_decoded(user)?, percent_decoded(password)?))
            }
        };
        Ok(Self { encrypted, path, host, port, login })
    }

    /// Is the broker on this machine?
    pub fn is_loopback(&self) -> bool {
        let is_six = |text: &str| text.parse().is_ok_and(|it: Ipv6Addr| it.is_loopback());
        self.host == "localhost" || self.host.starts_with("127.") || is_six(self.name())
    }

    /// The host as certificates and resolvers have it: an IPv6 address without its brackets.
    pub fn name(&self) -> &str {
        let inside = self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        inside.unwrap_or(&self.host)
    }

    /// `mqtt`, `mqtts`, `ws` or `wss`.
    pub fn scheme(&self) -> &'static str {
        match (self.path.is_some(), self.encrypted) {
            (false, false) => "mqtt",
            (false, true) => "mqtts",
            (true, false) => "ws",
            (true, true) => "wss",
        }
    }

    /// The address of everything in `space`, without login, and the public keys, `[PLANT=]KEY`, of
    /// those who speak there. Up to its `#`, and with it, `mosquitto_sub -L` takes it.
    pub fn shared(&self, space: &str, keys: impl IntoIterator<Item = impl fmt::Display>) -> String {
        let keys: Vec<String> = keys.into_iter().map(|key| format!("{KEY}{key}")).collect();
        format!("{}/sanmen/v1/{space}/#{}", self.request(), keys.join("&"))
    }

    /// Takes an address apart that `shared` made: the broker's, the space, and the keys as they are
    /// written. Errors: as `parse`; something else behind its `#`.
    pub fn parse_shared(text: &str) -> Result<(Self, String, Vec<String>), BrokerUrlError> {
        let (broker, rest) =
            text.trim().split_once("/sanmen/v1/").ok_or(BrokerUrlError::NotShared)?;
        let (space, keys) = rest.split_once('#').unwrap_or((rest, ""));
        let space = space.strip_suffix('/').unwrap_or(space);
        let key =
            |part: &str| part.strip_prefix(KEY).map(str::to_owned).ok_or(BrokerUrlError::NotShared);
        let keys = keys.split('&').filter(|part| !part.is_empty()).map(key);
        Ok((Self::parse(broker)?, space.to_owned(), keys.collect::<Result<_, _>>()?))
    }

    /// The same address in the shape of a request for a websocket, without login.
    pub fn request(&self) -> String {
        let path = self.path.as_deref().unwrap_or_default();
        format!("{}://{}:{}{path}", self.scheme(), self.host, self.port)
    }
}

/// The registered ports of MQTT, and those of the web.
fn usual_port(encrypted: bool, is_web: bool) -> u16 {
    match (is_web, encrypted) {
        (false, false) => 1883,
        (false, true) => 8883,
        (true, false) => 80,
        (true, true) => 443,
    }
}

fn is_path(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._~/%?=&".contains(&b);
    text.starts_with('/') && text.len() <= 256 && text.bytes().all(fits)
}

fn split_port(place: &str) -> Result<(String, Option<u16>), BrokerUrlError> {
    let end = place.find(']').map_or(0, |end| end + 1); // an IPv6 address has colons of its own
    let (host, port) = match place.get(end..).and_then(|rest| rest.find(':')) {
        None => (place, None),
        Some(colon) => (&place[..end + colon], Some(&place[end + colon + 1..])),
    };
    let inside = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let valid = inside.map_or_else(
        || (1..=253).contains(&host.len()) && host.bytes().all(is_name),
        |address| address.parse::<Ipv6Addr>().is_ok(),
    );
    if !valid {
        return Err(BrokerUrlError::Host);
    }
    let port = match port {
        None => None,
        Some(text) => match text.parse() {
            Ok(0) | Err(_) => return Err(BrokerUrlError::Port { text: text.to_owned() }),
            Ok(port) => Some(port),
        },
    };
    Ok((host.to_owned(), port))
}

fn percent_decoded(text: &str) -> Result<String, BrokerUrlError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first != b'%' {
            bytes.push(*first);
            rest = tail;
            continue;
        }
        let digits = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let byte = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(byte.ok_or(BrokerUrlError::Login)?);
        rest = &tail[2..];
    }
    String::from_utf8(bytes).map_err(|_| BrokerUrlError::Login)
}

impl fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme())?;
        match &self.login {
            Some((user, password)) if password.is_empty() => write!(f, "{user}@")?,
            Some((user, _)) => write!(f, "{user}:***@")?,
            None => {}
        }
        write!(f, "{}:{}{}", self.host, self.port, self.path.as_deref().unwrap_or_default())
    }
}

impl fmt::Debug for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        BrokerUrl::parse(text).map_or_else(|error| error.to_string(), |url| url.to_string())
    }

    #[test]
    fn addresses_are_read_with_and_without_scheme_and_port() {
        for (text, expected) in [
            ("localhost", "mqtt://localhost:1883"),
            ("10.0.0.5:1884", "mqtt://10.0.0.5:1884"),
            ("mqtt://test.mosquitto.org", "mqtt://test.mosquitto.org:1883"),
            ("MQTT://h:1/", "mqtt://h:1"),
            ("tcp://h:1", "mqtt://h:1"),
            ("mqtt://[::1]:1885", "mqtt://[::1]:1885"),
            ("[::1]", "mqtt://[::1]:1883"),
            ("mqtts://[2001:db8::7]", "mqtts://[2001:db8::7]:8883"),
            ("wss://u@[::1]:8084", "wss://u@[::1]:8084/mqtt"),
            ("mqtt://rw:readwrite@h:1884", "mqtt://rw:***@h:1884"),
            ("mqtt://rw@h", "mqtt://rw@h:1883"),
            ("mqtts://h", "mqtts://h:8883"),
            ("ssl://h:8886", "mqtts://h:8886"),
            ("ws://h:8080", "ws://h:8080/mqtt"),
            ("wss://u:p@h", "wss://u:***@h:443/mqtt"),
            ("wss://h:8084/ws/mqtt?v=1", "wss://h:8084/ws/mqtt?v=1"),
            ("ws://h/", "ws://h:80/"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn an_exercise_has_an_address_without_login() {
        for (text, shared) in [
            ("mqtt://u:p@h", "mqtt://h:1883/sanmen/v1/k7/#"),
            ("wss://h:8081", "wss://h:8081/mqtt/sanmen/v1/k7/#"),
            ("ws://h/", "ws://h:80//sanmen/v1/k7/#"),
        ] {
            let url = BrokerUrl::parse(text).expect("an address");
            assert_eq!(url.shared("k7", [""; 0]), shared);
            let (broker, space, keys) = BrokerUrl::parse_shared(shared).expect("its own work");
            assert_eq!((broker.path, space.as_str()), (url.path.clone(), "k7"));
            assert!(keys.is_empty());
            // With the keys of those who speak there; a key may have + and / and = in it.
            let with = url.shared("k7", ["a+/b=", "qingxi=c/d="]);
            assert_eq!(with, format!("{shared}key=a+/b=&key=qingxi=c/d="));
            let (_, space, keys) = BrokerUrl::parse_shared(&with).expect("its own work");
            assert_eq!((space.as_str(), keys), ("k7", vec!["a+/b=".into(), "qingxi=c/d=".into()]));
        }
        let other = BrokerUrl::parse_shared("mqtt://h:1883/sanmen/v1/k7/#birth");
        assert_eq!(other, Err(BrokerUrlError::NotShared));
        assert_eq!(BrokerUrl::parse_shared("mqtt://h:1883"), Err(BrokerUrlError::NotShared));
    }

    #[test]
    fn an_address_of_ipv6_is_named_without_its_brackets_and_known_as_this_machine() {
        for (text, name, is_here) in [
            ("mqtts://[::1]", "::1", true),
            ("ws://[0:0:0:0:0:0:0:1]:80", "0:0:0:0:0:0:0:1", true),
            ("mqtts://[2001:db8::7]", "2001:db8::7", false),
            ("mqtts://h", "h", false),
        ] {
            let url = BrokerUrl::parse(text).expect("an address");
            assert_eq!((url.name(), url.is_loopback()), (name, is_here), "{text}");
        }
    }

    #[test]
    fn a_login_is_kept_and_its_password_never_shown() {
        let url = BrokerUrl::parse("mqtt://us%40er:s3c%3Aret%25@h").expect("an address");
        assert_eq!(url.login, Some(("us@er".to_owned(), "s3c:ret%".to_owned())));
        assert!(!format!("{url} {url:?}").contains("s3c"));
    }

    #[test]
    fn other_addresses_are_refused_with_the_way_out() {
        for (text, expected) in [
            (
                "http://h",
                "http:// is no MQTT address: write mqtt://, mqtts://, ws:// or wss://HOST:PORT",
            ),
            ("", "the broker's address has no valid host: write mqtt://HOST:PORT"),
            ("mqtt://:1883", "the broker's address has no valid host: write mqtt://HOST:PORT"),
            ("mqtt://a b", "the broker's address has no valid host: write mqtt://HOST:PORT"),
            ("mqtt://[::g]", "the broker's address has no valid host: write mqtt://HOST:PORT"),
            ("h:0", "the broker's port must be a number from 1 to 65535, not \"0\""),
            ("h:99999", "the broker's port must be a number from 1 to 65535, not \"99999\""),
            (
                "mqtt://h:1883/topic",
                "the broker's address has something after the port: write mqtt://HOST:PORT; only \
                 ws:// and wss:// have a path",
            ),
            ("ws://h/a b", "the path of a websocket may have letters, digits and -._~/%?=& only"),
            ("wss://[::1", "the broker's address has no valid host: write mqtt://HOST:PORT"),
            ("mqtt://a%zz:b@h", "user or password has a % that is no %XX"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
