//! A broker that speaks 3.1.1 only: it turns MQTT 5 clients away as the 3.1.1 standard asks
//! (CONNACK code 1, then close) and passes the others on to a real broker.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use sanmen::telemetry::url::BrokerUrl;

/// Listens in front of the broker on `port`.
pub async fn start(port: u16) -> BrokerUrl {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a loopback");
    let url = BrokerUrl::loopback(listener.local_addr().expect("bound").port());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(serve(client, port));
        }
    });
    url
}

async fn serve(mut client: TcpStream, port: u16) -> std::io::Result<()> {
    let mut first = vec![0; 1_024];
    let count = client.read(&mut first).await?;
    first.truncate(count);
    // The protocol level follows the name: …, 0, 4, M, Q, T, T, level.
    let name = first.windows(4).position(|four| four == b"MQTT").expect("a CONNECT");
    if first[name + 4] == 5 {
        return client.write_all(&[0x20, 0x02, 0x00, 0x01]).await;
    }
    let mut broker = TcpStream::connect(("127.0.0.1", port)).await?;
    broker.write_all(&first).await?;
    tokio::io::copy_bidirectional(&mut client, &mut broker).await.map(drop)
}
