//! Hosts: where a request goes to, where a browser's page comes from, and which names are known.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The ends of local names: none of them is a domain that can be bought. Docker, Kubernetes and mDNS use them.
const LOCAL_ENDS: [&str; 5] = [".localhost", ".local", ".internal", ".svc", ".test"];

/// The schemes of pages, with their ports.
const SCHEMES: [(&str, u16); 2] = [("http", 80), ("https", 443)];

/// An IP address or a name.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Address(IpAddr),
    /// In lower case, and without a dot at the end.
    Name(String),
}

impl Host {
    /// Reads a host as it is in a URL: an IPv6 address has brackets.
    fn parse(text: &str) -> Option<Self> {
        if let Some(address) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            return address.parse::<Ipv6Addr>().ok().map(|address| Self::Address(address.into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        if let Ok(address) = name.parse::<Ipv4Addr>() {
            return Some(Self::Address(address.into()));
        }
        let is_label = |label: &str| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        name.split('.').all(is_label).then_some(Self::Name(name))
    }

    /// Returns true if the owner of a web site cannot let the host lead to this machine: it is an IP address, a local
    /// name, or a name without a dot, such as `localhost` or the name of a container.
    fn is_local(&self) -> bool {
        match self {
            Self::Address(_) => true,
            Self::Name(name) => !name.contains('.') || LOCAL_ENDS.iter().any(|end| name.ends_with(end)),
        }
    }
}

/// A host with its port, as in the header `Host`.
#[derive(Debug, PartialEq, Eq)]
pub struct Authority {
    host: Host,
    /// `None` stands for the port of the scheme.
    port: Option<u16>,
}

impl Authority {
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.rsplit_once(':') {
            // The colons of an IPv6 address are within brackets.
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ => (text, ""),
        };
        let port = match port {
            "" => None,
            _ if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.parse().ok()?),
            _ => return None,
        };
        Some(Self { host: Host::parse(host)?, port })
    }

    /// Returns true if the host is local, or one of those that are known besides.
    pub fn is_known(&self, others: &[HostPattern]) -> bool {
        self.host.is_local() || others.iter().any(|pattern| pattern.matches(&self.host))
    }

    /// Returns true if a page with this `Origin` came from here. The scheme only gives the port: a proxy may end TLS, so
    /// that the server does not know the scheme of the page.
    pub fn is_origin(&self, origin: &str) -> bool {
        let Some((scheme, authority)) = origin.split_once("://") else { return false };
        let Some((_, default)) = SCHEMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(scheme)) else {
            return false;
        };
        let port = |authority: &Self| authority.port.unwrap_or(*default);
        Self::parse(authority).is_some_and(|origin| origin.host == self.host && port(&origin) == port(self))
    }
}

/// A value of `--control-host`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern(Pattern);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    /// `*`
    Any,
    /// `*.example.com`, kept as `.example.com`.
    Below(String),
    Only(Host),
}

impl HostPattern {
    fn matches(&self, host: &Host) -> bool {
        match (&self.0, host) {
            (Pattern::Any, _) => true,
            (Pattern::Below(end), Host::Name(name)) => name.ends_with(end),
            (Pattern::Below(_), Host::Address(_)) => false,
            (Pattern::Only(only), host) => only == host,
        }
    }
}

impl FromStr for HostPattern {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let pattern = match text.strip_prefix("*.") {
            _ if text == "*" => Some(Pattern::Any),
            Some(end) => match Host::parse(end) {
                Some(Host::Name(name)) => Some(Pattern::Below(format!(".{name}"))),
                _ => None,
            },
            None => Host::parse(text).map(Pattern::Only),
        };
        pattern
            .map(Self)
            .ok_or("a host is `bss.example.com`, `*.example.com` or `*`, without a scheme and without a port")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn patterns(texts: &[&str]) -> Vec<HostPattern> {
        texts.iter().map(|text| text.parse().expect("a pattern")).collect()
    }

    #[test]
    fn patterns_match_whole_labels_in_any_case() {
        for (pattern, matching, other) in [
            (
                "bss.example.com",
                &["bss.example.com", "BSS.Example.COM.:8080"][..],
                &["a.bss.example.com", "example.com"][..],
            ),
            ("BSS.example.com.", &["bss.example.com"], &["xbss.example.com"]),
            (
                "*.example.com",
                &["a.example.com", "a.b.example.com"],
                &["example.com", "badexample.com", "example.com.evil.org"],
            ),
            ("*", &["evil.example"], &["a/b", "", "a..b"]),
        ] {
            let patterns = patterns(&[pattern]);
            let is_known = |host: &&str| Authority::parse(host).is_some_and(|host| host.is_known(&patterns));
            assert!(matching.iter().all(is_known), "{pattern} matches {matching:?}");
            assert!(!other.iter().any(is_known), "{pattern} does not match {other:?}");
        }
    }

    #[test]
    fn patterns_with_more_than_a_host_are_refused() {
        let wrong = [
            "",
            " ",
            ".",
            "*.",
            "**",
            "*.*.com",
            "a*.com",
            "a.*",
            "*.127.0.0.1",
            "http://a.com",
            "a.com:80",
            "a b",
            "a/b",
            "é.com",
        ];
        for text in wrong {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn pages_come_from_their_own_authority_and_no_other(
            name in "[a-z]{1,5}(\\.[a-z]{1,5}){0,2}",
            other in "[a-z]{6}\\.example",
            port in any::<u16>(),
            tls in any::<bool>(),
        ) {
            let scheme = if tls { "https" } else { "http" };
            let authority = Authority::parse(&format!("{name}:{port}")).expect("an authority");
            let own = format!("{scheme}://{name}:{port}");
            prop_assert!(authority.is_origin(&own));
            let others = [format!("{other}:{port}"), format!("{name}.{other}:{port}"), format!("{name}:{}", port ^ 1)];
            for foreign in others {
                let foreign = format!("{scheme}://{foreign}");
                prop_assert!(!authority.is_origin(&foreign), "{}", foreign);
            }
        }

        #[test]
        fn public_names_are_never_local(
            name in "([a-z0-9-]{1,9}\\.){1,3}(com|org|example|localhost[a-z]|xlocal|[0-9]{4})",
        ) {
            prop_assert!(!Authority::parse(&name).expect("a host").is_known(&[]));
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in "\\PC{0,40}|[\\[\\]:.%@*0-9a-f]{0,20}") {
            let _ = text.parse::<HostPattern>();
            if let Some(authority) = Authority::parse(&text) {
                let own = format!("http://{text}");
                prop_assert!(authority.is_origin(&own));
            }
        }
    }
}
