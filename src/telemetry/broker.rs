//! A broker inside the process, for runs that need no other: loopback only, nothing on disk.
//!
//! Clients reach it over TCP like any other broker. It is not the reference: Mosquitto is.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use mqtt5::broker::{BrokerConfig, BrokerShutdownHandle, MqttBroker};
use mqtt5::broker::{StorageBackendType, StorageConfig};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::telemetry::url::BrokerUrl;

/// A broker that did not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokerError {
    /// Somebody else listens there.
    #[error("port {port} is in use: give another one, or 0 for any free port")]
    Busy {
        /// The port.
        port: u16,
    },
    /// Ports below 1024 usually need rights.
    #[error("port {port} needs rights this process does not have: give one above 1023")]
    Denied {
        /// The port.
        port: u16,
    },
    /// Anything else.
    #[error("the embedded broker does not start: {reason}")]
    Failed {
        /// What the broker said.
        reason: String,
    },
}

/// The running broker. Dropping it stops it, without waiting.
#[derive(Debug)]
pub struct Broker {
    address: SocketAddr,
    handle: Handle,
    task: JoinHandle<()>,
}

struct Handle(BrokerShutdownHandle);

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handle")
    }
}

impl Broker {
    /// Listens on 127.0.0.1 at `port`; 0 takes any free one. Errors: the port is taken.
    pub async fn start(port: u16) -> Result<Self, BrokerError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut broker = match MqttBroker::with_config(config(address)).await {
            Ok(broker) => broker,
            Err(error) => return Err(explain(address, &error.to_string()).await),
        };
        let failed = |reason: &str| BrokerError::Failed { reason: reason.to_owned() };
        let address = broker.local_addr().ok_or_else(|| failed("it has no address"))?;
        let handle = Handle(broker.shutdown_handle());
        let mut ready = broker.ready_receiver();
        let task = tokio::spawn(async move {
            if let Err(error) = broker.run().await {
                tracing::error!(%error, "the embedded broker ended");
            }
        });
        ready.wait_for(|ready| *ready).await.map_err(|_| failed("it ended at once"))?;
        Ok(Self { address, handle, task })
    }

    /// Where clients find it.
    pub fn url(&self) -> BrokerUrl {
        BrokerUrl::loopback(self.address.port())
    }

    /// Stops it and waits until it has closed its connections.
    pub async fn stop(mut self) {
        self.handle.0.shutdown();
        let _ = (&mut self.task).await; // a panic there has been reported
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.handle.0.shutdown();
        self.task.abort();
    }
}

fn config(address: SocketAddr) -> BrokerConfig {
    BrokerConfig::default()
        .with_bind_address(address)
        .with_max_clients(1_000)
        .with_max_packet_size(256 * 1024)
        .with_max_retained_messages(1_000)
        .with_max_retained_message_size(256 * 1024)
        .with_session_expiry(Duration::from_hours(1))
        .with_sys_topics_enabled(false)
        .with_storage(
            // Sessions live in memory: a monitor that comes back finds what it missed.
            StorageConfig::default()
                .with_backend(StorageBackendType::Memory)
                .with_max_queued_messages_per_client(100_000)
                .with_max_queued_bytes_per_client(64 * 1024 * 1024),
        )
}

/// The broker reports a failed bind as text; the same bind says what kind of failure it is.
async fn explain(address: SocketAddr, reason: &str) -> BrokerError {
    let port = address.port();
    match TcpListener::bind(address).await.map_err(|error| error.kind()) {
        Err(std::io::ErrorKind::AddrInUse) => BrokerError::Busy { port },
        Err(std::io::ErrorKind::PermissionDenied) => BrokerError::Denied { port },
        _ => BrokerError::Failed { reason: reason.to_owned() },
    }
}
