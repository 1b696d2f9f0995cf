//! The judge of addresses that others name: which the service may call. Without it, whoever names an address lets the
//! service ask what only the service reaches: its own metrics, a neighbour's console, a cloud's metadata.
//!
//! A name is judged twice: as it is written ([`Judge::target`]), and by every address that it leads to when a request is
//! sent ([`Judge::admits`]); the request then goes to one of these addresses, so that nobody can answer otherwise in
//! between.

use std::net::IpAddr;

use url::{Host, Url};

use super::network::Network;
use crate::platform::config::Config;

/// Characters of an address at most.
pub const MOST_CHARACTERS: usize = 2_000;

/// The port of `https`.
const HTTPS: u16 = 443;

/// Never called, whatever the configuration allows: the machine itself, its link, many at once, nobody.
const NEVER: &[Network] = &[
    Network::v4([0, 0, 0, 0], 8),
    Network::v4([127, 0, 0, 0], 8),
    Network::v4([169, 254, 0, 0], 16),
    Network::v4([224, 0, 0, 0], 4),
    Network::v4([240, 0, 0, 0], 4),
    Network::v6([0, 0, 0, 0], 64),
    Network::v6([0xfe80, 0, 0, 0], 10),
    Network::v6([0xff00, 0, 0, 0], 8),
];

/// Called only where the configuration allows it: networks that aren't the public internet.
const NOT_PUBLIC: &[Network] = &[
    Network::v4([10, 0, 0, 0], 8),
    Network::v4([100, 64, 0, 0], 10),
    Network::v4([172, 16, 0, 0], 12),
    Network::v4([192, 0, 0, 0], 24),
    Network::v4([192, 0, 2, 0], 24),
    Network::v4([192, 31, 196, 0], 24),
    Network::v4([192, 52, 193, 0], 24),
    Network::v4([192, 88, 99, 0], 24),
    Network::v4([192, 168, 0, 0], 16),
    Network::v4([192, 175, 48, 0], 24),
    Network::v4([198, 18, 0, 0], 15),
    Network::v4([198, 51, 100, 0], 24),
    Network::v4([203, 0, 113, 0], 24),
    // Teredo, ORCHID and their like; documentation; 6to4.
    Network::v6([0x2001, 0, 0, 0], 23),
    Network::v6([0x2001, 0xdb8, 0, 0], 32),
    Network::v6([0x2002, 0, 0, 0], 16),
    Network::v6([0x3fff, 0, 0, 0], 20),
];

/// Of IPv6 only this is given to anybody: NAT64, unique local addresses and all else lie outside.
const GIVEN: Network = Network::v6([0x2000, 0, 0, 0], 3);

/// The judge, with what the configuration allows.
#[derive(Clone, Debug, Default)]
pub struct Judge {
    allow: Vec<Network>,
    ports: Vec<u16>,
    loopback: bool,
}

/// Somewhere to send to: an address that may be written so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whether it is `https`.
    pub is_https: bool,
    /// The name.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Path and query.
    pub path: String,
}

impl Target {
    /// The name as a request says it, with a port that isn't the scheme's own.
    pub fn authority(&self) -> String {
        if self.is_https && self.port == HTTPS { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// Scheme and name: who is called, without what an address may hide in its path.
    pub fn origin(&self) -> String {
        format!("{}://{}", if self.is_https { "https" } else { "http" }, self.authority())
    }
}

impl Judge {
    /// The judge of a configuration.
    pub fn of(config: &Config) -> Self {
        Self {
            allow: config.webhook_allow.clone(),
            ports: config.webhook_ports.clone(),
            loopback: config.outbound.loopback,
        }
    }

    /// An address as it may be written; none where it may not.
    pub fn target(&self, text: &str) -> Option<Target> {
        // Characters that a reader of addresses would tidy away may mean something else to the next one.
        let is_odd = |letter: char| letter.is_control() || letter.is_whitespace() || letter == '\\';
        if text.len() > MOST_CHARACTERS || text.contains(is_odd) {
            return None;
        }
        let url = Url::parse(text).ok()?;
        let is_https = url.scheme() == "https";
        let may_be_plain = self.loopback && url.scheme() == "http";
        if !is_https && !may_be_plain {
            return None;
        }
        let written = text.split_once("://")?.1.split(['/', '?', '#']).next()?;
        if written.is_empty()
            || written.contains('@')
            || !url.username().is_empty()
            || url.password().is_some()
            || url.fragment().is_some()
        {
            return None;
        }
        // A number in any spelling is one of these by now.
        let Some(Host::Domain(host)) = url.host() else { return None };
        let port = url.port_or_known_default()?;
        if port != HTTPS && !self.ports.contains(&port) && !self.loopback {
            return None;
        }
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Some(Target { is_https, host: host.to_owned(), port, path: format!("{}{query}", url.path()) })
    }

    /// Whether a name may be called that leads to these addresses: all of them, and at least one.
    pub fn admits(&self, addresses: &[IpAddr]) -> bool {
        !addresses.is_empty() && addresses.iter().all(|address| self.admits_one(*address))
    }

    fn admits_one(&self, address: IpAddr) -> bool {
        if self.loopback && address.is_loopback() {
            return true;
        }
        let holds = |networks: &[Network]| networks.iter().any(|network| network.holds(address));
        if holds(NEVER) {
            return false;
        }
        let is_public = !holds(NOT_PUBLIC) && (address.is_ipv4() || GIVEN.holds(address));
        is_public || holds(&self.allow)
    }
}

/// Whether a network may be allowed at all: what is never called can't be.
pub fn may_be_allowed(network: &Network) -> bool {
    !NEVER.iter().any(|never| network.is_within(never))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge() -> Judge {
        Judge { allow: vec!["10.20.0.0/16".parse().unwrap()], ports: vec![8443], loopback: false }
    }

    #[test]
    fn addresses_are_written_plainly_or_not_at_all() {
        let good = [
            ("https://dashboard.example/hooks?to=1", "dashboard.example", 443, "/hooks?to=1"),
            ("https://dashboard.example", "dashboard.example", 443, "/"),
            ("HTTPS://Dashboard.Example:443/a", "dashboard.example", 443, "/a"),
            ("https://dashboard.example:8443/", "dashboard.example", 8443, "/"),
            ("https://看板.example/", "xn--4qq533a.example", 443, "/"),
            ("https://localhost/", "localhost", 443, "/"),
        ];
        for (text, host, port, path) in good {
            let target = judge().target(text).unwrap_or_else(|| panic!("{text}"));
            let host = if host.starts_with("xn--") { target.host.as_str() } else { host };
            assert_eq!((target.host.as_str(), target.port, target.path.as_str()), (host, port, path), "{text}");
        }
        let bad = [
            "",
            "dashboard.example",
            "http://dashboard.example/",
            "ftp://dashboard.example/",
            "https://user@host/",
            "https://user:secret@host/",
            "https://@host/",
            "https://host:22/",
            "https://host:80/",
            "https://host/#part",
            "https://2130706433/",
            "https://127.1/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://127.0.0.1/",
            "https://93.184.216.34/",
            "https://１２７.0.0.1/",
            "https://%31%32%37.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[2606:4700::1111]/",
            "https://ho st/",
            "https://host\t/",
            "https://host\\@other/",
            "https:///path",
            "javascript:alert(1)",
        ];
        for text in bad {
            assert_eq!(judge().target(text), None, "{text}");
        }
        assert_eq!(judge().target(&format!("https://host/{}", "a".repeat(2_000))), None);
    }

    #[test]
    fn every_address_of_a_name_is_public_or_allowed() {
        let good =
            ["93.184.216.34", "8.8.8.8", "100.63.255.255", "100.128.0.1", "2606:4700::1111", "10.20.3.4", "172.32.0.1"];
        let bad = [
            "127.0.0.1",
            "127.255.255.254",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.21.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:8.8.8.8",
            "::ffff:127.0.0.1",
            "::8.8.8.8",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "100::1",
            "5f00::1",
        ];
        let parse = |text: &str| text.parse::<IpAddr>().unwrap();
        for text in good {
            assert!(judge().admits(&[parse(text)]), "{text}");
        }
        for text in bad {
            assert!(!judge().admits(&[parse(text)]), "{text}");
            assert!(!judge().admits(&[parse("93.184.216.34"), parse(text)]), "mixed with {text}");
        }
        assert!(!judge().admits(&[]));
    }

    #[test]
    fn nothing_allows_what_is_never_called() {
        let wide = Judge { allow: vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()], ..Judge::default() };
        for text in ["127.0.0.1", "169.254.169.254", "0.0.0.0", "::1", "fe80::1", "::ffff:127.0.0.1", "224.0.0.1"] {
            assert!(!wide.admits(&[text.parse().unwrap()]), "{text}");
        }
        assert!(wide.admits(&["10.0.0.1".parse().unwrap()]));
        for text in ["127.0.0.0/8", "127.0.0.1/32", "169.254.169.254/32", "::1/128", "fe80::/64"] {
            assert!(!may_be_allowed(&text.parse().unwrap()), "{text}");
        }
        assert!(may_be_allowed(&"10.20.0.0/16".parse().unwrap()));
        for text in ["10.20.0.0", "10.20.0.0/33", "x/8", "::/129"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    /// Only code opens it, and then for loopback alone.
    #[test]
    fn the_seam_for_tests_lets_loopback_through_and_nothing_else() {
        let seam = Judge { loopback: true, ..Judge::default() };
        assert!(seam.target("http://receiver.test:9000/").is_some() && seam.target("http://127.0.0.1:9000/").is_none());
        assert!(seam.admits(&["127.0.0.1".parse().unwrap()]));
        for text in ["10.0.0.1", "169.254.169.254", "192.168.1.1"] {
            assert!(!seam.admits(&[text.parse().unwrap()]), "{text}");
        }
    }
}
