//! The settings: `config/default.toml`, overridden by a file of the same shape.

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::Uri;

use crate::base::Span;
use crate::base::ids::PackId;
use crate::base::problem::{Problems, Source, Spanned, Table, read_toml};
use crate::ingest::Bounds;
use crate::ingest::trust::Unsigned;
use crate::monitor::MonitorSettings;
use crate::monitor::lease::LeaseSettings;
use crate::telemetry::link::Protocol;

/// Every setting; its unit and meaning stand in `config/default.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Longest time between a reading and its receipt, in plant time.
    pub lateness: Span,
    /// Real time added to it, times the speed.
    pub lateness_wall: Span,
    /// How far a plant's clock may run ahead.
    pub skew: Span,
    /// How often timers are looked at, in real time.
    pub tick_wall: Span,
    /// Inputs between two checkpoints.
    pub checkpoint_inputs: usize,
    /// How long readings are kept.
    pub retention: Span,
    /// Are standing alarms said on MQTT?
    pub leases: bool,
    /// How long one may be believed.
    pub lease_valid: Span,
    /// Most messages about alarms in a second.
    pub leases_per_second: usize,
    /// Messages kept until acknowledged.
    pub outbox_messages: usize,
    /// Most bytes of messages kept on disk until acknowledged; 0: none.
    pub spool_bytes: u64,
    /// First pause before connecting again.
    pub reconnect_first: Span,
    /// Longest pause before connecting again.
    pub reconnect_longest: Span,
    /// Keep-alive of MQTT connections.
    pub keep_alive: Span,
    /// Real time for which accelerated readings are batched.
    pub batch_wall: Span,
    /// How to get in at a broker that asks for more than its address.
    pub broker: BrokerSettings,
    /// Who gets the alarms by HTTP.
    pub webhook: WebhookSettings,
    /// Where the monitor's counters can be had; none: nowhere.
    pub metrics: Option<SocketAddr>,
    /// Where the desk is, for browsers.
    pub desk: DeskSettings,
    /// Where spans for OpenTelemetry are sent; none: nowhere.
    pub otel: Option<Uri>,
    /// Speed where a scenario names none.
    pub speed: f64,
    /// Where plants that do not sign are taken at their word.
    pub unsigned: UnsignedFrom,
    /// Packs of rules in force at plants that choose none; empty: those that say so themselves.
    pub packs: Vec<PackId>,
}

/// Where the desk is, for browsers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskSettings {
    /// Where it listens; none: nowhere.
    pub listen: Option<SocketAddr>,
    /// Names by which it is called besides addresses.
    pub hosts: Vec<String>,
}

/// How to get in at a broker. An empty text means: none.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokerSettings {
    /// Authorities that its certificate may come from (PEM).
    pub ca_file: String,
    /// Our certificate (PEM).
    pub cert_file: String,
    /// The certificate's private key (PEM).
    pub key_file: String,
    /// Who we are.
    pub user: String,
    /// A file with nothing but the password.
    pub password_file: String,
    /// The version of MQTT.
    pub mqtt: Version,
    /// Hosts that are ours: no guest's manners there.
    pub own_hosts: Vec<String>,
    /// Most messages a second that one process sends to a broker that is not ours.
    pub per_second: f64,
    /// And most of them for each plant.
    pub per_second_per_plant: f64,
}

/// Who gets the alarms by HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSettings {
    /// The receiver; none: nobody.
    pub url: Option<Uri>,
    /// A file with the secret by which it knows us; empty: there is none.
    pub secret_file: String,
}

/// Which MQTT to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 5, and 3.1.1 where the broker does not speak it.
    Auto,
    /// This one.
    Only(Protocol),
}

/// Versions of MQTT, as people choose one.
const VERSIONS: [(&str, Version); 3] = [
    ("auto", Version::Auto),
    ("5", Version::Only(Protocol::V5)),
    ("3.1.1", Version::Only(Protocol::V311)),
];

impl Version {
    /// Reads `auto`, `5` or `3.1.1`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let known = VERSIONS.iter().find(|(word, _)| *word == text);
        known.map(|(_, it)| *it).ok_or_else(|| "must be 5, 3.1.1 or auto".to_owned())
    }

    /// The only one that may be spoken, if there is one.
    pub fn protocol(self) -> Option<Protocol> {
        match self {
            Self::Auto => None,
            Self::Only(protocol) => Some(protocol),
        }
    }

    /// As people write it.
    pub fn word(self) -> &'static str {
        VERSIONS.iter().find(|(_, it)| *it == self).map_or("auto", |(word, _)| word)
    }
}

const MEGABYTE: u64 = 1024 * 1024;

/// Where plants that do not sign are taken at their word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnsignedFrom {
    /// On a broker of this machine.
    Loopback,
    /// Everywhere.
    Anywhere,
    /// Nowhere.
    Nowhere,
}

impl UnsignedFrom {
    const CHOICES: [(&'static str, Self); 3] =
        [("loopback", Self::Loopback), ("accept", Self::Anywhere), ("refuse", Self::Nowhere)];

    fn name(self) -> &'static str {
        Self::CHOICES.into_iter().find(|(_, it)| *it == self).map_or("", |(name, _)| name)
    }

    /// What becomes of such plants of a broker, which may be on this machine.
    pub fn rule(self, is_loopback: bool) -> Unsigned {
        match self {
            Self::Anywhere => Unsigned::Accept,
            Self::Loopback if is_loopback => Unsigned::Accept,
            Self::Loopback | Self::Nowhere => Unsigned::Refuse,
        }
    }
}

/// What a file may leave out.
type Base<'a> = Option<&'a Settings>;

impl Settings {
    /// The defaults in `source` (complete), overridden by `over` (any part of it).
    pub fn load(source: &Arc<Source>, over: Option<&Arc<Source>>) -> Result<Self, Problems> {
        let defaults = read_toml(source, |table| read(table, None))?;
        match over {
            None => Ok(defaults),
            Some(over) => read_toml(over, |table| read(table, Some(&defaults))),
        }
    }

    /// What the monitor's core needs of them.
    pub fn monitor(&self) -> MonitorSettings {
        MonitorSettings { bounds: Bounds { lateness: self.lateness, skew: self.skew } }
    }

    /// How standing alarms are said on MQTT; none when they are not.
    pub fn lease(&self) -> Option<LeaseSettings> {
        let stuck_after = Span::ms((self.lease_valid.as_ms() / 2).max(self.tick_wall.as_ms() * 3));
        let per_second = u32::try_from(self.leases_per_second).unwrap_or(u32::MAX);
        let settings = LeaseSettings { valid: self.lease_valid, per_second, stuck_after };
        self.leases.then_some(settings)
    }

    /// The settings as TOML, in the shape of `config/default.toml`.
    pub fn show(&self) -> String {
        format!(
            "[monitor]\nlateness_s = {}\nlateness_wall_s = {:?}\nskew_s = {}\ntick_wall_ms = {}\n\n\
             [ledger]\ncheckpoint_inputs = {}\nretention_days = {}\n\n\
             [leases]\npublish = {}\nvalid_s = {}\nper_second = {}\n\n\
             [publisher]\noutbox_messages = {}\nspool_mb = {}\nreconnect_first_ms = {}\n\
             reconnect_longest_s = {}\nkeep_alive_s = {}\nbatch_wall_ms = {}\n\n\
             [broker]\nca_file = {:?}\ncert_file = {:?}\nkey_file = {:?}\nuser = {:?}\n\
             password_file = {:?}\nmqtt = {:?}\nown_hosts = {:?}\nper_second = {:?}\n\
             per_second_per_plant = {:?}\n\n\
             [webhook]\nurl = {:?}\nsecret_file = {:?}\n\n\
             [metrics]\nlisten = {:?}\n\n\
             [desk]\nlisten = {:?}\nhosts = {:?}\n\n\
             [otel]\nendpoint = {:?}\n\n\
             [exercise]\nspeed = {:?}\n\n\
             [trust]\nunsigned = {:?}\n\n\
             [rules]\npacks = {:?}\n",
            self.lateness.as_seconds(),
            self.lateness_wall.as_seconds(),
            self.skew.as_seconds(),
            self.tick_wall.as_ms(),
            self.checkpoint_inputs,
            self.retention.as_days(),
            self.leases,
            self.lease_valid.as_seconds(),
            self.leases_per_second,
            self.outbox_messages,
            self.spool_bytes / MEGABYTE,
            self.reconnect_first.as_ms(),
            self.reconnect_longest.as_seconds(),
            self.keep_alive.as_seconds(),
            self.batch_wall.as_ms(),
            self.broker.ca_file,
            self.broker.cert_file,
            self.broker.key_file,
            self.broker.user,
            self.broker.password_file,
            self.broker.mqtt.word(),
            self.broker.own_hosts,
            self.broker.per_second,
            self.broker.per_second_per_plant,
            self.webhook.url.as_ref().map_or(String::new(), Uri::to_string),
            self.webhook.secret_file,
            shown(self.metrics),
            shown(self.desk.listen),
            self.desk.hosts,
            self.otel.as_ref().map_or(String::new(), Uri::to_string),
            self.speed,
            self.unsigned.name(),
            self.packs.iter().map(PackId::as_str).collect::<Vec<_>>(),
        )
    }
}

fn shown(address: Option<SocketAddr>) -> String {
    address.map_or(String::new(), |address| address.to_string())
}

fn read(table: &Table<'_>, base: Base<'_>) -> Option<Settings> {
    let monitor = Section::new(table, "monitor", base);
    let lateness = monitor.span("lateness_s", 1.0, 86_400.0, 1_000.0, |s| s.lateness);
    let lateness_wall = monitor.span("lateness_wall_s", 0.0, 60.0, 1_000.0, |s| s.lateness_wall);
    let skew = monitor.span("skew_s", 0.0, 86_400.0, 1_000.0, |s| s.skew);
    let tick_wall = monitor.span("tick_wall_ms", 10.0, 60_000.0, 1.0, |s| s.tick_wall);
    drop(monitor);
    let ledger = Section::new(table, "ledger", base);
    let checkpoint_inputs =
        ledger.count("checkpoint_inputs", 1, 1_000_000, |s| s.checkpoint_inputs);
    let retention = ledger.span("retention_days", 1.0, 36_500.0, 86_400_000.0, |s| s.retention);
    drop(ledger);
    let leases = Section::new(table, "leases", base);
    let publish = leases.switch("publish", |s| s.leases);
    let lease_valid = leases.span("valid_s", 3.0, 86_400.0, 1_000.0, |s| s.lease_valid);
    let leases_per_second = leases.count("per_second", 1, 10_000, |s| s.leases_per_second);
    drop(leases);
    let publisher = Section::new(table, "publisher", base);
    let outbox_messages = publisher.count("outbox_messages", 1, 1_000_000, |s| s.outbox_messages);
    let spool_mb =
        publisher.count("spool_mb", 0, 1_000_000, |s| (s.spool_bytes / MEGABYTE) as usize);
    let reconnect_first =
        publisher.span("reconnect_first_ms", 1.0, 60_000.0, 1.0, |s| s.reconnect_first);
    let reconnect_longest =
        publisher.span("reconnect_longest_s", 0.01, 3_600.0, 1_000.0, |s| s.reconnect_longest);
    let keep_alive = publisher.span("keep_alive_s", 5.0, 600.0, 1_000.0, |s| s.keep_alive);
    let batch_wall = publisher.span("batch_wall_ms", 1.0, 10_000.0, 1.0, |s| s.batch_wall);
    drop(publisher);
    let broker = Section::new(table, "broker", base).broker();
    let webhook = Section::new(table, "webhook", base);
    let url = webhook.receiver("url", |s| s.webhook.url.clone());
    let secret_file = webhook.text("secret_file", |s| s.webhook.secret_file.clone());
    drop(webhook);
    let listen = Section::new(table, "metrics", base).address("listen", |s| s.metrics);
    let desk = Section::new(table, "desk", base).desk();
    let otel = Section::new(table, "otel", base).collector();
    let exercise = Section::new(table, "exercise", base);
    let speed = exercise.number("speed", 0.01, 1_000_000.0, |s| s.speed);
    drop(exercise);
    let trust = Section::new(table, "trust", base);
    let unsigned = trust.unsigned();
    drop(trust);
    let rules = Section::new(table, "rules", base);
    let packs = rules.packs();
    drop(rules);
    Some(Settings {
        lateness: lateness?,
        lateness_wall: lateness_wall?,
        skew: skew?,
        tick_wall: tick_wall?,
        checkpoint_inputs: checkpoint_inputs?,
        retention: retention?,
        leases: publish?,
        lease_valid: lease_valid?,
        leases_per_second: leases_per_second?,
        outbox_messages: outbox_messages?,
        spool_bytes: spool_mb? as u64 * MEGABYTE,
        reconnect_first: reconnect_first?,
        reconnect_longest: reconnect_longest?,
        keep_alive: keep_alive?,
        batch_wall: batch_wall?,
        broker: broker?,
        webhook: WebhookSettings { url: url?, secret_file: secret_file? },
        metrics: listen?,
        desk: desk?,
        otel: otel?,
        speed: speed?,
        unsigned: unsigned?,
        packs: packs?,
    })
}

/// One `[section]`: a value comes from the file, or from the defaults below it.
struct Section<'a> {
    table: Option<Table<'a>>,
    base: Base<'a>,
}

impl<'a> Section<'a> {
    fn new(table: &Table<'a>, name: &'static str, base: Base<'a>) -> Self {
        let table = if base.is_some() { table.opt_table(name) } else { table.table(name) };
        Self { table, base }
    }

    fn number(
        &self,
        key: &'static str,
        low: f64,
        high: f64,
        default: impl Fn(&Settings) -> f64,
    ) -> Option<f64> {
        let Some(table) = &self.table else { return self.base.map(default) };
        if self.base.is_some() && !table.has(key) {
            return self.base.map(default);
        }
        table.number_in(key, low..=high).map(Spanned::into_inner)
    }

    /// A switch.
    fn switch(&self, key: &'static str, default: impl Fn(&Settings) -> bool) -> Option<bool> {
        let found = match &self.table {
            Some(table) if self.base.is_none() || table.has(key) => table.opt_bool(key)?,
            _ => return self.base.map(default),
        };
        Some(found.into_inner())
    }

    /// A time whose unit is `unit_ms` milliseconds.
    fn span(
        &self,
        key: &'static str,
        low: f64,
        high: f64,
        unit_ms: f64,
        default: impl Fn(&Settings) -> Span,
    ) -> Option<Span> {
        let number =
            self.number(key, low, high, |settings| default(settings).as_ms() as f64 / unit_ms)?;
        Some(Span::ms((number * unit_ms).round() as i64))
    }

    fn desk(self) -> Option<DeskSettings> {
        let listen = self.address("listen", |s| s.desk.listen);
        let hosts = self.texts("hosts", |s| s.desk.hosts.clone());
        Some(DeskSettings { listen: listen?, hosts: hosts? })
    }

    fn broker(self) -> Option<BrokerSettings> {
        let ca_file = self.text("ca_file", |s| s.broker.ca_file.clone());
        let cert_file = self.text("cert_file", |s| s.broker.cert_file.clone());
        let key_file = self.text("key_file", |s| s.broker.key_file.clone());
        let user = self.text("user", |s| s.broker.user.clone());
        let password_file = self.text("password_file", |s| s.broker.password_file.clone());
        let mqtt = self.mqtt();
        let own_hosts = self.texts("own_hosts", |s| s.broker.own_hosts.clone());
        let per_second = self.number("per_second", 0.1, 10_000.0, |s| s.broker.per_second);
        let per_plant =
            self.number("per_second_per_plant", 0.1, 1_000.0, |s| s.broker.per_second_per_plant);
        Some(BrokerSettings {
            ca_file: ca_file?,
            cert_file: cert_file?,
            key_file: key_file?,
            user: user?,
            password_file: password_file?,
            mqtt: mqtt?,
            own_hosts: own_hosts?,
            per_second: per_second?,
            per_second_per_plant: per_plant?,
        })
    }

    fn texts(
        &self,
        key: &'static str,
        default: impl Fn(&Settings) -> Vec<String>,
    ) -> Option<Vec<String>> {
        match self.table.as_ref().filter(|table| table.has(key)) {
            Some(table) => Some(table.texts(key).into_iter().map(Spanned::into_inner).collect()),
            None => self.base.map(default),
        }
    }

    /// A text, which may be empty.
    fn text(&self, key: &'static str, default: impl Fn(&Settings) -> String) -> Option<String> {
        match &self.table {
            Some(table) if self.base.is_none() || table.has(key) => {
                Some(table.text(key)?.get_ref().clone())
            }
            _ => self.base.map(default),
        }
    }

    /// An address of HTTP; none where the text is empty.
    #[expect(clippy::option_option, reason = "outside: is it valid; inside: is there one")]
    fn receiver(
        &self,
        key: &'static str,
        default: impl Fn(&Settings) -> Option<Uri>,
    ) -> Option<Option<Uri>> {
        let is_http =
            |url: &Uri| matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some();
        let help = "write it like \"https://example.org/alarms\"; \"\" sends nothing";
        let what = ("address of HTTP", help);
        self.or_nothing(key, default, |text| text.parse().ok().filter(is_http), what)
    }

    /// A collector of spans; none where the text is empty.
    #[expect(clippy::option_option, reason = "outside: is it valid; inside: is there one")]
    fn collector(&self) -> Option<Option<Uri>> {
        let endpoint = self.receiver("endpoint", |s| s.otel.clone())?;
        if let (Some(_), Some(table), false) = (&endpoint, &self.table, cfg!(feature = "otel")) {
            let span = table.key_span("endpoint").unwrap_or_else(|| table.span());
            let help = "build with `cargo build --release --features otel`, or leave it empty";
            table.add_with_help(span, "this sanmen was built without OpenTelemetry", help);
            return None;
        }
        Some(endpoint)
    }

    /// An address to listen at; none where the text is empty.
    #[expect(clippy::option_option, reason = "outside: is it valid; inside: is there one")]
    fn address(
        &self,
        key: &'static str,
        default: impl Fn(&Settings) -> Option<SocketAddr>,
    ) -> Option<Option<SocketAddr>> {
        let help = "write it like \"127.0.0.1:9464\"; port 0 takes any free one, \"\" none";
        self.or_nothing(key, default, |text| text.parse().ok(), ("address to listen at", help))
    }

    /// What `read` makes of a text; none where the text is empty. `what` it must be, and help.
    #[expect(clippy::option_option, reason = "outside: is it valid; inside: is there one")]
    fn or_nothing<T>(
        &self,
        key: &'static str,
        default: impl Fn(&Settings) -> Option<T>,
        read: impl Fn(&str) -> Option<T>,
        (what, help): (&str, &str),
    ) -> Option<Option<T>> {
        let table = match &self.table {
            Some(table) if self.base.is_none() || table.has(key) => table,
            _ => return self.base.map(default),
        };
        let text = table.text(key)?;
        if text.get_ref().is_empty() {
            return Some(None);
        }
        let found = read(text.get_ref());
        if found.is_none() {
            let said = format!("`{key}` {:?} is no {what}", text.get_ref());
            table.add_with_help(text.span(), said, help);
        }
        found.map(Some)
    }

    fn mqtt(&self) -> Option<Version> {
        match &self.table {
            Some(table) if self.base.is_none() || table.has("mqtt") => {
                Some(table.choice("mqtt", &VERSIONS)?.into_inner())
            }
            _ => self.base.map(|base| base.broker.mqtt),
        }
    }

    fn unsigned(&self) -> Option<UnsignedFrom> {
        match &self.table {
            Some(table) if self.base.is_none() || table.has("unsigned") => {
                table.choice("unsigned", &UnsignedFrom::CHOICES).map(Spanned::into_inner)
            }
            _ => self.base.map(|base| base.unsigned),
        }
    }

    fn packs(&self) -> Option<Vec<PackId>> {
        let table = self.table.as_ref().filter(|table| table.has("packs"));
        let Some(table) = table else { return self.base.map(|base| base.packs.clone()) };
        let texts = table.texts("packs");
        let ids = texts.iter().map(|text| match PackId::new(text.get_ref()) {
            Ok(id) => Some(id),
            Err(error) => {
                table.add(text.span(), error.to_string());
                None
            }
        });
        ids.collect()
    }

    fn count(
        &self,
        key: &'static str,
        low: i64,
        high: i64,
        default: impl Fn(&Settings) -> usize,
    ) -> Option<usize> {
        let Some(table) = &self.table else { return self.base.map(default) };
        if self.base.is_some() && !table.has(key) {
            return self.base.map(default);
        }
        table
            .integer_in(key, low..=high)
            .and_then(|number| usize::try_from(number.into_inner()).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn default() -> Arc<Source> {
        Source::new("config/default.toml", include_str!("../../config/default.toml"))
    }

    #[test]
    fn what_is_shown_is_what_is_in_force() {
        let over = Source::new("my.toml", "[rules]\npacks = [\"who\", \"gb5749-2006\"]\n");
        let settings = Settings::load(&default(), Some(&over)).expect("valid");
        assert_eq!(settings.packs.len(), 2);
        let shown = Source::new("shown.toml", settings.show());
        assert_eq!(Settings::load(&shown, None).expect("the shown text is valid"), settings);
    }

    #[test]
    fn a_file_overrides_only_what_it_names() {
        let over = Source::new("my.toml", "[monitor]\nlateness_s = 60\n");
        let settings = Settings::load(&default(), Some(&over)).expect("valid");
        assert_eq!(settings.lateness, Span::MINUTE);
        assert_eq!(settings.skew, Span::minutes(5));
    }

    #[test]
    fn every_mistake_of_a_settings_file_is_reported() {
        let over = Source::new(
            "my.toml",
            "[monitor]\nlatenes_s = 60\nskew_s = -1\n[ledgr]\nretention_days = 3\n",
        );
        let problems = Settings::load(&default(), Some(&over)).expect_err("three mistakes");
        insta::assert_snapshot!(problems.render(false));
    }
}
