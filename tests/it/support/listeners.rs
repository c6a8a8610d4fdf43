//! A Mosquitto with every kind of listener that the public test server has, and default limits.

use std::fmt::Write as _;

use sanmen::telemetry::access::{Access, Tls};
use sanmen::telemetry::url::BrokerUrl;
use tokio::net::TcpListener;

use super::certificates::{Authority, Pair};
use super::mosquitto::{INSTALL, Mosquitto, program};

/// What may be read and written by whom, where a login is asked for.
const ACL: &str = "user rw\ntopic readwrite #\nuser ro\ntopic read #\nuser wo\ntopic write #\n";

/// The kinds of listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Anyone, as it is.
    Plain,
    /// User and password; what each may do is in `ACL`.
    Login,
    /// TLS, of an authority of its own.
    Tls,
    /// The same, and clients show a certificate too.
    TlsBoth,
    /// TLS with a certificate that has expired.
    Expired,
    /// TLS with a certificate for another name.
    Elsewhere,
    /// A websocket.
    Web,
    /// A websocket over TLS.
    WebTls,
}

/// All of them, in the order of their ports.
pub const DOORS: [Door; 8] = [
    Door::Plain,
    Door::Login,
    Door::Tls,
    Door::TlsBoth,
    Door::Expired,
    Door::Elsewhere,
    Door::Web,
    Door::WebTls,
];

/// The running server.
pub struct Listeners {
    /// Killed when dropped.
    _broker: Mosquitto,
    ports: Vec<u16>,
    authority: Authority,
    client: Pair,
}

impl Listeners {
    /// Starts it.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().display().to_string();
        let authority = Authority::new();
        let here = ["127.0.0.1", "::1", "localhost"];
        let good = authority.vouch(&here, 2099);
        let expired = authority.vouch(&here, 2020);
        let elsewhere = authority.vouch(&["broker.example"], 2099);
        for (name, pair) in [("good", &good), ("expired", &expired), ("elsewhere", &elsewhere)] {
            write_to(&place, &format!("{name}.crt"), &pair.cert).await;
            write_to(&place, &format!("{name}.key"), &pair.key).await;
        }
        write_to(&place, "ca.crt", &authority.pem).await;
        write_to(&place, "acl", ACL).await;
        passwords(&place).await;
        let ports = free_ports(DOORS.len()).await;
        let mut config = "per_listener_settings true\n".to_owned();
        for (door, port) in DOORS.iter().zip(&ports) {
            writeln!(config, "listener {port} 127.0.0.1").expect("a string");
            config.push_str(&lines(*door, &place));
        }
        let broker = Mosquitto::start_in(folder, ports[0], &config).await;
        let client = authority.vouch(&["client"], 2099);
        Self { _broker: broker, ports, authority, client }
    }

    /// The port of a door.
    pub fn port(&self, door: Door) -> u16 {
        let at = DOORS.iter().position(|it| *it == door).expect("one of them");
        self.ports[at]
    }

    /// An address at the port of `door`, whatever its scheme.
    pub fn url(&self, scheme: &str, door: Door) -> BrokerUrl {
        let text = format!("{scheme}://127.0.0.1:{}", self.port(door));
        BrokerUrl::parse(&text).expect("an address")
    }

    /// Trusts the test's authority.
    pub fn trust(&self) -> Tls {
        Tls::new(Some(self.authority.pem.as_bytes()), None).expect("certificates")
    }

    /// The same, with a certificate of ours that the server knows.
    pub fn both(&self) -> Tls {
        self.showing(&self.client)
    }

    /// The same, with this certificate.
    pub fn showing(&self, own: &Pair) -> Tls {
        let own = (own.cert.as_bytes(), own.key.as_bytes());
        Tls::new(Some(self.authority.pem.as_bytes()), Some(own)).expect("certificates")
    }

    /// A certificate for a client, until the end of `last_year`.
    pub fn vouch_client(&self, last_year: i32) -> Pair {
        self.authority.vouch(&["client"], last_year)
    }

    /// The authority's certificate as a file in `folder`.
    pub async fn ca_file(&self, folder: &std::path::Path) -> String {
        write_to(&folder.display().to_string(), "ca.crt", &self.authority.pem).await;
        folder.join("ca.crt").display().to_string()
    }

    /// What a client needs that comes in by this door.
    pub fn access(&self, door: Door) -> Access {
        let scheme = match door {
            Door::Plain | Door::Login => "mqtt",
            Door::Web => "ws",
            Door::WebTls => "wss",
            _ => "mqtts",
        };
        let mut url = self.url(scheme, door);
        if door == Door::Login {
            url.login = Some(("rw".to_owned(), "readwrite".to_owned()));
        }
        let tls = if door == Door::TlsBoth { self.both() } else { self.trust() };
        Access { tls, ..Access::from(url) }
    }
}

fn lines(door: Door, place: &str) -> String {
    let tls = |name: &str| format!("certfile {place}/{name}.crt\nkeyfile {place}/{name}.key\n");
    let anyone = "allow_anonymous true\n";
    match door {
        Door::Plain => anyone.to_owned(),
        Door::Login => {
            format!("allow_anonymous false\npassword_file {place}/users\nacl_file {place}/acl\n")
        }
        Door::Tls => tls("good") + anyone,
        Door::TlsBoth => {
            let asks = format!("cafile {place}/ca.crt\nrequire_certificate true\n");
            tls("good") + &asks + anyone
        }
        Door::Expired => tls("expired") + anyone,
        Door::Elsewhere => tls("elsewhere") + anyone,
        Door::Web => format!("protocol websockets\n{anyone}"),
        Door::WebTls => tls("good") + "protocol websockets\n" + anyone,
    }
}

async fn write_to(place: &str, name: &str, text: &str) {
    tokio::fs::write(format!("{place}/{name}"), text).await.expect("written");
}

/// As the public test server has them.
async fn passwords(place: &str) {
    write_to(place, "users", "").await;
    for (user, password) in [("rw", "readwrite"), ("ro", "readonly"), ("wo", "writeonly")] {
        let file = format!("{place}/users");
        let mut command = program("mosquitto_passwd");
        let done = command.args(["-b", &file, user, password]).output().await.expect(INSTALL);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

/// Different ports that nobody listens on right now.
async fn free_ports(count: usize) -> Vec<u16> {
    let mut held = Vec::new();
    for _ in 0..count {
        held.push(TcpListener::bind(("127.0.0.1", 0)).await.expect("a loopback"));
    }
    held.iter().map(|probe| probe.local_addr().expect("bound").port()).collect()
}
