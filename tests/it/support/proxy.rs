//! Between a client and its broker: what networks do to bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sanmen::telemetry::url::BrokerUrl;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What happens to bytes from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Connections that stand, and those that come, are ended.
    Cut,
    /// They stay open, and nothing passes any more, either way.
    Swallow,
    /// Every piece comes later by this.
    Delay(Duration),
    /// What the broker sends arrives as something else.
    Corrupt,
    /// Of what the broker sends next, so many bytes arrive; then the connection ends.
    Truncate(usize),
}

/// The running proxy.
pub struct Proxy {
    /// Where clients find it.
    pub url: BrokerUrl,
    fault: watch::Sender<Fault>,
    accepted: Arc<AtomicU32>,
}

impl Proxy {
    /// In front of the broker on `port`, without fault.
    pub async fn start(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a loopback");
        let url = BrokerUrl::loopback(listener.local_addr().expect("bound").port());
        let (fault, seen) = watch::channel(Fault::None);
        let accepted = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&accepted);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(client, port, seen.clone()));
            }
        });
        Self { url, fault, accepted }
    }

    /// From now on this happens.
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// How many connections clients have made.
    pub fn accepted(&self) -> u32 {
        self.accepted.load(Ordering::Relaxed)
    }
}

async fn serve(client: TcpStream, port: u16, fault: watch::Receiver<Fault>) {
    if *fault.borrow() == Fault::Cut {
        return;
    }
    let Ok(broker) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let ((from_client, to_client), (from_broker, to_broker)) =
        (client.into_split(), broker.into_split());
    let up = pass(from_client, to_broker, fault.clone(), false);
    let down = pass(from_broker, to_client, fault, true);
    // The end of either way is the end of both.
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut fault: watch::Receiver<Fault>,
    is_down: bool,
) {
    let mut bytes = vec![0; 4_096];
    loop {
        let count = tokio::select! {
            count = from.read(&mut bytes) => count.unwrap_or(0),
            changed = fault.changed() => {
                if changed.is_err() || *fault.borrow_and_update() == Fault::Cut {
                    return;
                }
                continue;
            }
        };
        if count == 0 {
            return;
        }
        let piece = &mut bytes[..count];
        let now = *fault.borrow();
        let (passed, is_last) = match now {
            Fault::Cut => return,
            Fault::Swallow => continue,
            Fault::Delay(time) => {
                tokio::time::sleep(time).await;
                (piece, false)
            }
            Fault::Corrupt => {
                if is_down {
                    for byte in piece.iter_mut() {
                        *byte ^= 0xa5;
                    }
                }
                (piece, false)
            }
            Fault::Truncate(most) if is_down => (&mut piece[..most.min(count)], true),
            Fault::None | Fault::Truncate(_) => (piece, false),
        };
        if to.write_all(passed).await.is_err() || is_last {
            return;
        }
    }
}
