//! Public test brokers that people know, and how a guest behaves there.
//!
//! Addresses are from their own pages and from memory `[M]`: none of them promises anything, and
//! any of them may change. What is asked of guests nowhere stands in figures; ours are on the safe
//! side of limits that similar services publish (10 packets/s a client) `[D]`.

/// A broker that anybody may use, and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicBroker {
    /// Its name.
    pub host: &'static str,
    /// Its addresses, best first, and what each is.
    pub doors: &'static [(&'static str, &'static str)],
    /// What a guest should know: in English, in Chinese.
    pub note: (&'static str, &'static str),
}

/// Those that are known here.
pub const PUBLIC: [PublicBroker; 4] = [
    PublicBroker {
        host: "test.mosquitto.org",
        doors: &[
            ("mqtts://test.mosquitto.org:8886", "TLS, public authority"),
            ("mqtts://test.mosquitto.org:8883", "TLS, its own authority: --ca mosquitto.org.crt"),
            ("mqtts://test.mosquitto.org:8884", "TLS, and a certificate of yours"),
            ("wss://test.mosquitto.org:8081", "websocket, TLS"),
            ("mqtt://test.mosquitto.org:1883", "not encrypted"),
            ("mqtt://test.mosquitto.org:1884", "not encrypted, with a login: rw, readwrite"),
            ("ws://test.mosquitto.org:8080", "websocket, not encrypted"),
        ],
        note: (
            "runs unreleased software and is away for hours at times; 8887 has an expired \
             certificate on purpose",
            "运行未发布的软件,有时停机数小时;8887端口的证书是有意过期的",
        ),
    },
    PublicBroker {
        host: "broker.emqx.io",
        doors: &[
            ("mqtts://broker.emqx.io:8883", "TLS"),
            ("wss://broker.emqx.io:8084", "websocket, TLS"),
            ("mqtt://broker.emqx.io:1883", "not encrypted"),
            ("ws://broker.emqx.io:8083", "websocket, not encrypted"),
        ],
        note: ("takes messages up to 1 MB", "最大接收1 MB的消息"),
    },
    PublicBroker {
        host: "broker.hivemq.com",
        doors: &[
            ("mqtts://broker.hivemq.com:8883", "TLS"),
            ("wss://broker.hivemq.com:8884", "websocket, TLS"),
            ("mqtt://broker.hivemq.com:1883", "not encrypted"),
            ("ws://broker.hivemq.com:8000", "websocket, not encrypted"),
        ],
        note: ("promises nothing, like the others", "与其他公共服务器一样,不作任何保证"),
    },
    PublicBroker {
        host: "mqtt.eclipseprojects.io",
        doors: &[
            ("mqtts://mqtt.eclipseprojects.io:8883", "TLS"),
            ("wss://mqtt.eclipseprojects.io:443", "websocket, TLS"),
            ("mqtt://mqtt.eclipseprojects.io:1883", "not encrypted"),
            ("ws://mqtt.eclipseprojects.io:80", "websocket, not encrypted"),
        ],
        note: ("promises nothing, like the others", "与其他公共服务器一样,不作任何保证"),
    },
];

/// The public broker of this name, if it is one that is known.
pub fn known(host: &str) -> Option<&'static PublicBroker> {
    PUBLIC.iter().find(|broker| broker.host.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::url::BrokerUrl;

    #[test]
    fn every_address_reads_and_is_its_brokers() {
        for broker in PUBLIC {
            for (address, _) in broker.doors {
                let url = BrokerUrl::parse(address).expect("an address");
                assert_eq!(url.host, broker.host);
                assert_eq!(known(&url.host), Some(&broker));
            }
            let best = BrokerUrl::parse(broker.doors[0].0).expect("an address");
            assert!(best.encrypted, "the best one is encrypted");
        }
        assert_eq!(known("broker.example"), None);
    }
}
