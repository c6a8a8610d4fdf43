//! Which requests come from a page of ours, and which another page has made a browser send.
//!
//! A page of a stranger can point a name of its own at this machine (DNS rebinding), or post to us
//! with the visitor's cookie (CSRF). The first is seen by the name in `Host`, the second by
//! `Origin`.

use core::net::IpAddr;

/// Names by which the desk may be called besides addresses and `localhost`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hosts(pub Vec<String>);

/// Why a request is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stranger {
    /// Called by a name that is not ours.
    #[error(
        "the desk is not called by this name: use its address, or list the name in [desk] hosts"
    )]
    Host,
    /// Sent by another page.
    #[error("another page has sent this")]
    Origin,
}

impl Hosts {
    /// May the desk be called so? `host` is the whole header, with its port.
    pub fn allow(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => name,
            _ => host,
        };
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        // An address cannot be pointed elsewhere.
        bare.parse::<IpAddr>().is_ok()
            || name.eq_ignore_ascii_case("localhost")
            || self.0.iter().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Is the request for us, and, if it has an origin, from a page of ours?
    pub fn check(&self, host: Option<&str>, origin: Option<&str>) -> Result<(), Stranger> {
        let host = host.filter(|host| self.allow(host)).ok_or(Stranger::Host)?;
        let is_ours = |origin: &str| {
            let named = origin.strip_prefix("http://").or(origin.strip_prefix("https://"));
            named.is_some_and(|named| named.eq_ignore_ascii_case(host))
        };
        if origin.is_none_or(is_ours) { Ok(()) } else { Err(Stranger::Origin) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_listed_names_are_ours_and_other_names_are_not() {
        let hosts = Hosts(vec!["desk.example.org".to_owned()]);
        for ours in
            ["127.0.0.1:80", "[::1]:8080", "192.168.1.5:1", "localhost", "desk.example.org:443"]
        {
            assert!(hosts.allow(ours), "{ours}");
        }
        for other in ["evil.example:8080", "127.0.0.1.evil.example", "", "localhost.evil:1"] {
            assert!(!hosts.allow(other), "{other}");
        }
    }

    #[test]
    fn a_request_of_another_page_is_not_ours() {
        let hosts = Hosts::default();
        let host = Some("127.0.0.1:7");
        assert_eq!(hosts.check(host, None), Ok(()));
        assert_eq!(hosts.check(host, Some("http://127.0.0.1:7")), Ok(()));
        for other in ["http://127.0.0.1:8", "null", "http://evil.example", "127.0.0.1:7"] {
            assert_eq!(hosts.check(host, Some(other)), Err(Stranger::Origin), "{other}");
        }
        assert_eq!(hosts.check(None, None), Err(Stranger::Host));
    }
}
