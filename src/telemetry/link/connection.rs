//! One MQTT connection, from CONNECT to its end, over either version of the protocol.
//!
//! `rumqttc` has a module for each version with types of its own; only this file sees them.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rumqttc::{TlsConfiguration, Transport, v5};

use super::loss::{Loss, loss_5, loss_311};
use super::{LinkSettings, Offers, Protocol};
use crate::base::Stamp;
use crate::telemetry::access::Access;
use crate::telemetry::outbox::{Entry, Keep};
use crate::telemetry::url::BrokerUrl;

/// Largest packet a 5 broker may send us; it drops larger ones for us.
const PACKET_BYTES_MAX: u32 = 256 * 1024;
/// The same for 3.1.1, where a larger one costs the connection, so that the limit is generous.
const PACKET_BYTES_MAX_311: usize = 4 * 1024 * 1024;
/// Most messages on their way to the broker without its acknowledgement.
const WINDOW: u16 = 64;
/// Most messages on their way to us without our acknowledgement (5 only).
const RECEIVE_MAX: u16 = 1_024;
/// Requests that fit the client's own channel: more than both windows can ever hold at once.
const REQUESTS: usize = u16::MAX as usize;
/// `rumqttc` asks for at least this keep-alive.
const KEEP_ALIVE_LEAST: Duration = Duration::from_secs(5);

/// What happens on a connection.
pub(in crate::telemetry) enum Event {
    /// The broker accepted us, and takes this many unacknowledged messages at once.
    Connected { window: usize, offers: Offers },
    /// The oldest message given to `publish` left under this packet identifier.
    Sent(u16),
    /// The broker has the message with this identifier.
    Acknowledged(u16),
    /// The broker will not take the message with this identifier.
    Rejected(u16, String),
    /// Answer to a subscription, one per filter, in order: granted, or why not.
    Subscribed(Vec<Result<(), String>>),
    /// A message for us.
    Arrived(Incoming),
    /// The end of the connection.
    Lost(Loss),
}

/// A message for us.
pub(in crate::telemetry) struct Incoming {
    pub topic: String,
    pub payload: Bytes,
    pub retained: bool,
    pub ticket: Ticket,
}

#[derive(Clone)]
enum Client {
    V5(v5::AsyncClient),
    V311(rumqttc::AsyncClient),
}

enum EventLoop {
    V5(Box<v5::EventLoop>),
    V311(Box<rumqttc::EventLoop>),
}

/// What is owed to the broker for a message; worthless once its connection has ended.
pub(in crate::telemetry) struct Ticket {
    client: Client,
    packet: u16,
    assured: bool,
}

impl Ticket {
    /// Does the broker keep the message until it is acknowledged?
    pub(in crate::telemetry) fn is_assured(&self) -> bool {
        self.assured
    }

    /// Tells the broker that it may forget the message.
    pub(in crate::telemetry) fn acknowledge(self) {
        if !self.assured {
            return;
        }
        // An error says that the connection has ended: the broker will send the message again.
        let _ = match &self.client {
            Client::V5(client) => {
                let qos = v5::mqttbytes::QoS::AtLeastOnce;
                let mut owed = v5::mqttbytes::v5::Publish::new("", qos, Bytes::new(), None);
                owed.pkid = self.packet;
                client.try_ack(&owed).map_err(drop)
            }
            Client::V311(client) => {
                let qos = rumqttc::QoS::AtLeastOnce;
                let mut owed = rumqttc::Publish::new("", qos, Vec::new());
                owed.pkid = self.packet;
                client.try_ack(&owed).map_err(drop)
            }
        };
    }
}

type Polled = (EventLoop, Result<Option<Event>, (Vec<Event>, Loss)>);

/// One connection. Dropping it closes the socket without goodbye: the broker sends the will.
pub(super) struct Connection {
    client: Client,
    access: Arc<Access>,
    /// The client's event loop is polled in one future that is kept until it is ready, so that
    /// giving up waiting for `next` never cuts a packet in two.
    poll: Pin<Box<dyn Future<Output = Polled> + Send>>,
    ready: VecDeque<Event>,
    silence_max: Duration,
    ended: bool,
}

impl Connection {
    /// Starts to connect.
    pub(super) fn open(settings: &LinkSettings, protocol: Protocol) -> Self {
        let (client, event_loop) = match protocol {
            Protocol::V5 => {
                let (client, event_loop) = v5::AsyncClient::new(options_5(settings), REQUESTS);
                (Client::V5(client), EventLoop::V5(Box::new(event_loop)))
            }
            Protocol::V311 => {
                let options = options_311(settings);
                let (client, mut event_loop) = rumqttc::AsyncClient::new(options, REQUESTS);
                let mut network = rumqttc::NetworkOptions::new();
                network.set_tcp_nodelay(true);
                event_loop.set_network_options(network);
                (Client::V311(client), EventLoop::V311(Box::new(event_loop)))
            }
        };
        let access = Arc::clone(&settings.access);
        Self {
            poll: Box::pin(poll(event_loop, client.clone(), Arc::clone(&access))),
            client,
            access,
            ready: VecDeque::new(),
            // Pings bring an event every keep-alive; a client stuck in a full socket brings none.
            silence_max: keep_alive(settings) * 2 + settings.pace.patience,
            ended: false,
        }
    }

    /// The next event; may be given up at any time. After `Lost` nothing comes any more.
    pub(super) async fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return event;
            }
            if self.ended {
                return std::future::pending().await;
            }
            let Ok((event_loop, outcome)) =
                tokio::time::timeout(self.silence_max, self.poll.as_mut()).await
            else {
                self.ended = true;
                return Event::Lost(Loss::broken("the connection is stuck"));
            };
            match outcome {
                Ok(event) => {
                    let access = Arc::clone(&self.access);
                    self.poll = Box::pin(poll(event_loop, self.client.clone(), access));
                    self.ready.extend(event);
                }
                Err((left, loss)) => {
                    self.ended = true;
                    self.ready.extend(left);
                    self.ready.push_back(Event::Lost(loss));
                }
            }
        }
    }

    /// Hands a message over at `now`; false when the client takes none.
    pub(super) fn publish(&self, entry: &Entry, now: Stamp) -> bool {
        let Entry { topic, payload, keep } = entry;
        match &self.client {
            Client::V5(client) => {
                let qos = v5::mqttbytes::QoS::AtLeastOnce;
                let payload = payload.clone();
                let Keep::Until(end) = *keep else {
                    let retain = *keep == Keep::NoLonger;
                    return client.try_publish(topic, qos, retain, payload).is_ok();
                };
                let left = u32::try_from((end - now).as_ms() / 1_000).unwrap_or(0);
                let kept = v5::mqttbytes::v5::PublishProperties {
                    message_expiry_interval: Some(left),
                    ..Default::default()
                };
                client.try_publish_with_properties(topic, qos, true, payload, kept).is_ok()
            }
            Client::V311(client) => {
                let qos = rumqttc::QoS::AtLeastOnce;
                // What would stay for ever is not kept; an empty message leaves nothing behind.
                let retain = *keep == Keep::NoLonger;
                client.try_publish(topic, qos, retain, payload.to_vec()).is_ok()
            }
        }
    }

    /// Asks for these topics.
    pub(super) fn subscribe(&self, filters: &[String]) -> bool {
        match &self.client {
            Client::V5(client) => {
                let qos = v5::mqttbytes::QoS::AtLeastOnce;
                let wanted = filters.iter().map(|f| v5::mqttbytes::v5::Filter::new(f, qos));
                client.try_subscribe_many(wanted).is_ok()
            }
            Client::V311(client) => {
                let qos = rumqttc::QoS::AtLeastOnce;
                let wanted = filters.iter().map(|f| rumqttc::SubscribeFilter::new(f.clone(), qos));
                client.try_subscribe_many(wanted).is_ok()
            }
        }
    }

    /// Says goodbye: the broker forgets the will and closes the connection.
    pub(super) fn disconnect(&self) -> bool {
        match &self.client {
            Client::V5(client) => client.try_disconnect().is_ok(),
            Client::V311(client) => client.try_disconnect().is_ok(),
        }
    }
}

fn keep_alive(settings: &LinkSettings) -> Duration {
    settings.keep_alive.max(KEEP_ALIVE_LEAST)
}

/// What the client wants as the broker's name: for a websocket, all of its address; over TLS the
/// name that the certificate is to have, without the brackets of IPv6.
fn address(url: &BrokerUrl) -> String {
    match (url.path.is_some(), url.encrypted) {
        (true, _) => url.request(),
        (false, true) => url.name().to_owned(),
        (false, false) => url.host.clone(),
    }
}

fn transport(access: &Access) -> Transport {
    let tls = || TlsConfiguration::Rustls(access.tls.config());
    match (access.url.path.is_some(), access.url.encrypted) {
        (false, false) => Transport::Tcp,
        (false, true) => Transport::Tls(tls()),
        (true, false) => Transport::Ws,
        (true, true) => Transport::Wss(tls()),
    }
}

fn options_5(settings: &LinkSettings) -> v5::MqttOptions {
    let url = &settings.access.url;
    let mut options = v5::MqttOptions::new(&settings.client_id, address(url), url.port);
    options
        .set_transport(transport(&settings.access))
        .set_keep_alive(keep_alive(settings))
        .set_connection_timeout(settings.pace.patience.as_secs().max(1))
        .set_clean_start(settings.session.is_none())
        .set_session_expiry_interval(settings.session.map(|kept| kept.as_secs() as u32))
        .set_receive_maximum(Some(RECEIVE_MAX))
        .set_max_packet_size(Some(PACKET_BYTES_MAX))
        .set_outgoing_inflight_upper_limit(WINDOW)
        .set_manual_acks(true);
    let mut network = options.network_options();
    network.set_tcp_nodelay(true);
    options.set_network_options(network);
    if let Some((user, password)) = &url.login {
        options.set_credentials(user, password);
    }
    if let Some((topic, payload)) = &settings.will {
        let qos = v5::mqttbytes::QoS::AtLeastOnce;
        let will =
            v5::mqttbytes::v5::LastWill::new(topic.as_str(), payload.clone(), qos, false, None);
        options.set_last_will(will);
    }
    options
}

fn options_311(settings: &LinkSettings) -> rumqttc::MqttOptions {
    let url = &settings.access.url;
    let mut options = rumqttc::MqttOptions::new(&settings.client_id, address(url), url.port);
    options
        .set_transport(transport(&settings.access))
        .set_keep_alive(keep_alive(settings))
        .set_clean_session(settings.session.is_none())
        .set_max_packet_size(PACKET_BYTES_MAX_311, PACKET_BYTES_MAX_311)
        .set_inflight(WINDOW)
        .set_manual_acks(true);
    if let Some((user, password)) = &url.login {
        options.set_credentials(user, password);
    }
    if let Some((topic, payload)) = &settings.will {
        let qos = rumqttc::QoS::AtLeastOnce;
        options.set_last_will(rumqttc::LastWill::new(topic, payload.clone(), qos, false));
    }
    options
}

async fn poll(event_loop: EventLoop, client: Client, access: Arc<Access>) -> Polled {
    match event_loop {
        EventLoop::V5(mut event_loop) => {
            let outcome = match event_loop.poll().await {
                Ok(event) => Ok(read_5(event, &client)),
                Err(error) => {
                    // What came before the end is still in the client's list.
                    let left = std::mem::take(&mut event_loop.state.events);
                    let left = left.into_iter().filter_map(|event| read_5(event, &client));
                    Err((left.collect(), loss_5(&error, &access)))
                }
            };
            (EventLoop::V5(event_loop), outcome)
        }
        EventLoop::V311(mut event_loop) => {
            let outcome = match event_loop.poll().await {
                Ok(event) => Ok(read_311(event, &client)),
                Err(error) => {
                    let left = std::mem::take(&mut event_loop.state.events);
                    let left = left.into_iter().filter_map(|event| read_311(event, &client));
                    Err((left.collect(), loss_311(&error, &access)))
                }
            };
            (EventLoop::V311(event_loop), outcome)
        }
    }
}

fn offers(said: Option<&v5::mqttbytes::v5::ConnAckProperties>) -> Offers {
    said.map_or_else(Offers::default, |said| Offers {
        packet_bytes_max: said.max_packet_size,
        receive_max: said.receive_max,
        session_s: said.session_expiry_interval,
        keep_alive_s: said.server_keep_alive,
    })
}

fn read_5(event: v5::Event, client: &Client) -> Option<Event> {
    use v5::mqttbytes::v5::{Packet, PubAckReason, SubscribeReasonCode};
    Some(match event {
        v5::Event::Incoming(Packet::ConnAck(connack)) => {
            let properties = connack.properties.as_ref();
            let receive_max = properties.and_then(|p| p.receive_max).unwrap_or(u16::MAX);
            let window = usize::from(receive_max.min(WINDOW));
            Event::Connected { window, offers: offers(properties) }
        }
        v5::Event::Incoming(Packet::PubAck(ack)) => match ack.reason {
            PubAckReason::Success | PubAckReason::NoMatchingSubscribers => {
                Event::Acknowledged(ack.pkid)
            }
            reason => Event::Rejected(ack.pkid, format!("{reason:?}")),
        },
        v5::Event::Incoming(Packet::SubAck(ack)) => {
            let read = |code: &SubscribeReasonCode| match code {
                SubscribeReasonCode::Success(_) => Ok(()),
                refused => Err(format!("{refused:?}")),
            };
            Event::Subscribed(ack.return_codes.iter().map(read).collect())
        }
        v5::Event::Incoming(Packet::Publish(publish)) => Event::Arrived(Incoming {
            topic: String::from_utf8_lossy(&publish.topic).into_owned(),
            payload: publish.payload,
            retained: publish.retain,
            ticket: Ticket {
                client: client.clone(),
                packet: publish.pkid,
                assured: publish.qos != v5::mqttbytes::QoS::AtMostOnce,
            },
        }),
        v5::Event::Outgoing(rumqttc::Outgoing::Publish(packet)) => Event::Sent(packet),
        _ => return None,
    })
}

fn read_311(event: rumqttc::Event, client: &Client) -> Option<Event> {
    use rumqttc::{Packet, SubscribeReasonCode};
    Some(match event {
        rumqttc::Event::Incoming(Packet::ConnAck(_)) => {
            Event::Connected { window: usize::from(WINDOW), offers: Offers::default() }
        }
        rumqttc::Event::Incoming(Packet::PubAck(ack)) => Event::Acknowledged(ack.pkid),
        rumqttc::Event::Incoming(Packet::SubAck(ack)) => {
            let read = |code: &SubscribeReasonCode| match code {
                SubscribeReasonCode::Success(_) => Ok(()),
                SubscribeReasonCode::Failure => Err("Failure".to_owned()),
            };
            Event::Subscribed(ack.return_codes.iter().map(read).collect())
        }
        rumqttc::Event::Incoming(Packet::Publish(publish)) => Event::Arrived(Incoming {
            topic: publish.topic,
            payload: publish.payload,
            retained: publish.retain,
            ticket: Ticket {
                client: client.clone(),
                packet: publish.pkid,
                assured: publish.qos != rumqttc::QoS::AtMostOnce,
            },
        }),
        rumqttc::Event::Outgoing(rumqttc::Outgoing::Publish(packet)) => Event::Sent(packet),
        _ => return None,
    })
}
