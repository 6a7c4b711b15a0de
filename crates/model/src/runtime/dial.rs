//! Reaching a host: names, connections and certificates, and what Go says when one of them fails (R29).

use std::net::IpAddr;

use crate::message::runtime as words;
use crate::pull::{PullRequest, Refusal};
use crate::random::Stream;
use crate::time::{Span, rfc3339};
use crate::world::{Reach, Trouble, Version, World};

/// The nodes' name server; the model's choice, the second address of a VPC's range as on EC2.
pub(super) const DNS: &str = "10.0.0.2";

/// After which time a connection is given up (R12).
const CONNECT_TIMEOUT: Span = Span::seconds(30);

/// A host that could not be reached.
pub(super) struct Unreached {
    pub(super) why: Refusal,
    /// What Go says.
    pub(super) error: String,
    /// How long it took to find out.
    pub(super) waited: Span,
    /// How often it is tried again where timeouts are (R9, R12).
    pub(super) retries: u32,
    /// Whether it is a timeout that gRPC has a code for (R40).
    pub(super) deadline: bool,
}

/// A host as somebody wants to reach it.
pub(super) struct Door<'a> {
    pub(super) world: &'a World,
    pub(super) request: &'a PullRequest<'a>,
    /// With its port if it has one.
    pub(super) host: &'a str,
    pub(super) reach: Reach,
    /// Its address, if the world gives one.
    pub(super) address: Option<&'a str>,
    /// What is wrong with it.
    pub(super) trouble: Option<&'a Trouble>,
}

impl Door<'_> {
    /// Whether a server answers there.
    pub(super) fn try_it(&self) -> Result<(), Unreached> {
        let Some(trouble) = self.trouble else { return Ok(()) };
        let (name, port) = self.name_and_port();
        let at = || format!("{}:{port}", self.ip(name));
        let is_tls = self.reach != Reach::Http;
        let unverified = self.reach == Reach::TlsUnverified;
        let unreachable = |error| Err(unreached(Refusal::Unreachable, error));
        let untrusted = |why: String| {
            let error = words::certificate(self.request.node.containerd, &why);
            Err(unreached(Refusal::Untrusted, error))
        };
        match trouble {
            Trouble::NoSuchHost => unreachable(words::lookup(name, DNS, "no such host")),
            Trouble::NameServerFails => unreachable(words::lookup(name, DNS, "server misbehaving")),
            Trouble::NameServerSilent(after) => {
                let error = words::lookup(name, DNS, &words::silent(&self.client(), DNS));
                let all = unreached(Refusal::Unreachable, error);
                Err(Unreached { waited: *after, retries: u32::MAX, ..all })
            }
            Trouble::Refused => unreachable(words::connect(&at(), "connection refused")),
            Trouble::NoRoute => unreachable(words::connect(&at(), "no route to host")),
            Trouble::NoNetwork => unreachable(words::connect(&at(), "network is unreachable")),
            Trouble::Dropped => {
                let error = unreached(Refusal::Unreachable, words::connect_timeout(&at()));
                // Two timers run out at one moment. Of the first attempt's that is measured to win which counts as a
                // passing trouble, of the second's the other (recorded: 60.06 s with 2.3.4).
                Err(Unreached { waited: CONNECT_TIMEOUT, retries: 1, deadline: true, ..error })
            }
            Trouble::UnknownAuthority
                if is_tls && !unverified && self.reach != Reach::TlsWithCa =>
            {
                untrusted("certificate signed by unknown authority".to_owned())
            }
            Trouble::WrongName(other) if is_tls && !unverified => {
                untrusted(format!("certificate is valid for {other}, not {name}"))
            }
            Trouble::CertificateExpired(end) if is_tls && !unverified => {
                let epoch = self.world.epoch_seconds;
                let (now, end) = (rfc3339(epoch, self.request.now), rfc3339(epoch, *end));
                untrusted(format!(
                    "certificate has expired or is not yet valid: current time {now} is after {end}"
                ))
            }
            Trouble::PlainHttp if is_tls => {
                Err(unreached(Refusal::Untrusted, words::NOT_TLS.to_owned()))
            }
            Trouble::UnknownAuthority
            | Trouble::WrongName(_)
            | Trouble::CertificateExpired(_)
            | Trouble::PlainHttp
            | Trouble::Status(..)
            | Trouble::Slow(_) => Ok(()),
        }
    }

    /// A name that nobody registered, or an address where nobody listens.
    pub(super) fn nobody(&self) -> Unreached {
        let (name, port) = self.name_and_port();
        let error = if is_address(name) {
            words::connect(&format!("{}:{port}", self.ip(name)), "connection refused")
        } else {
            words::lookup(name, DNS, "no such host")
        };
        unreached(Refusal::Unreachable, error)
    }

    fn name_and_port(&self) -> (&str, &str) {
        let port = if self.reach == Reach::Http { "80" } else { "443" };
        self.host.rsplit_once(':').unwrap_or((self.host, port))
    }

    /// The address that is dialled: the host's own where it is one, the world's, or one made up from the name, of the
    /// range for examples (RFC 5737).
    fn ip(&self, name: &str) -> String {
        match self.address {
            Some(address) => address.to_owned(),
            None if name == "localhost" => "127.0.0.1".to_owned(),
            None if is_address(name) => name.to_owned(),
            None => {
                let last = Stream::new(self.world.seed, name, "address").between(1, 254);
                format!("198.51.100.{last}")
            }
        }
    }

    /// The node's end of a connection to the name server: another port for each look-up.
    fn client(&self) -> String {
        let node = &self.request.node.name;
        let host = Stream::new(self.world.seed, node, "address").between(4, 254);
        let purpose = format!("look-up of {} at {}", self.host, self.request.now);
        let port = Stream::new(self.world.seed, node, &purpose).between(32_768, 60_999);
        format!("10.0.0.{host}:{port}")
    }
}

fn unreached(why: Refusal, error: String) -> Unreached {
    Unreached { why, error, waited: Span::ZERO, retries: 0, deadline: false }
}

fn is_address(name: &str) -> bool {
    name == "localhost" || name.parse::<IpAddr>().is_ok()
}

/// Whether requests that time out are made again (R9: `isTransientTransportErr`, since 2.3.2).
pub(super) fn retries_timeouts(containerd: Version) -> bool {
    containerd >= Version::new(2, 3, 2)
}

/// The pause before the next try (same place).
pub(super) const RETRY_PAUSE: Span = Span::millis(50);
