//! Debian's Mosquitto, on a free port and in a folder of its own.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::Duration;

use sanmen::telemetry::url::BrokerUrl;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

/// How long a service may take to start or stop before the test fails.
const PATIENCE: Duration = Duration::from_secs(10);

pub const INSTALL: &str = "needs Mosquitto: apt-get install mosquitto mosquitto-clients";

/// A running broker; killed when dropped.
pub struct Mosquitto {
    folder: TempDir,
    port: u16,
    child: Child,
}

/// A port nobody listens on right now.
pub async fn free_port() -> u16 {
    let probe = TcpListener::bind(("127.0.0.1", 0)).await.expect("a loopback");
    probe.local_addr().expect("bound").port()
}

pub fn program(name: &str) -> Command {
    let found =
        ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/sbin"]
            .iter()
            .map(|folder| std::path::Path::new(folder).join(name))
            .find(|path| path.exists());
    let mut command = Command::new(found.expect(INSTALL));
    command.kill_on_drop(true).stdin(Stdio::null());
    command
}

impl Mosquitto {
    /// Anyone may connect; sessions survive a `stop`, and what was `save`d survives a `kill`.
    pub async fn start() -> Self {
        Self::start_with("allow_anonymous true\n").await
    }

    /// With these lines of configuration besides.
    pub async fn start_with(lines: &str) -> Self {
        let port = free_port().await;
        Self::start_at(port, lines).await
    }

    /// Nothing but what `lines` say of listeners; the first is on `port`. The folder may hold
    /// files that they name.
    pub async fn start_in(folder: TempDir, port: u16, lines: &str) -> Self {
        let mut config = lines.to_owned();
        if is_root() {
            config.push_str("user root\n");
        }
        tokio::fs::write(folder.path().join("mosquitto.conf"), config).await.expect("written");
        let child = launch(&folder).await;
        Self { folder, port, child }
    }

    /// On this port.
    pub async fn start_at(port: u16, lines: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = format!("listener {port} 127.0.0.1\n{lines}");
        let place = folder.path().display();
        write!(config, "persistence true\npersistence_location {place}/\n").expect("a string");
        config.push_str("autosave_interval 0\n"); // it saves when stopped, or when asked to
        writeln!(config, "max_queued_messages 0").expect("a string");
        if is_root() {
            config.push_str("user root\n"); // else it would give up the right to its folder
        }
        tokio::fs::write(folder.path().join("mosquitto.conf"), config).await.expect("written");
        let child = launch(&folder).await;
        Self { folder, port, child }
    }

    /// Where clients find it.
    pub fn url(&self) -> BrokerUrl {
        BrokerUrl::loopback(self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `kill -9`: nothing is saved, no goodbye.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("it ran");
    }

    /// Asks it to stop; it saves its sessions.
    pub async fn stop(&mut self) {
        self.signal("TERM").await;
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        ended.expect("it stops when asked").expect("it ran");
    }

    /// Starts it again on the same port, with what it saved.
    pub async fn restart(&mut self) {
        self.child = launch(&self.folder).await;
    }

    /// Makes it save sessions and subscriptions now, so that they survive even a `kill`.
    pub async fn save(&self) {
        self.signal("USR1").await;
        // It saves between two turns of its only loop: served after that means saved.
        self.publish(&["-t", "saved", "-m", "yes", "-q", "1"]).await;
    }

    /// Freezes it: connections stay open and nothing answers.
    pub async fn freeze(&self) {
        self.signal("STOP").await;
    }

    /// Lets it go on.
    pub async fn thaw(&self) {
        self.signal("CONT").await;
    }

    async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs").to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status().await;
        assert!(status.expect("a kill command").success());
    }

    /// Publishes with Mosquitto's own client.
    pub async fn publish(&self, arguments: &[&str]) {
        self.client("mosquitto_pub", arguments).await;
    }

    /// Lets the broker keep what comes for `filter`, for `read_kept`.
    pub async fn keep(&self, filter: &str) {
        let arguments = ["-c", "-i", "kept", "-q", "1", "-t", filter, "-E"];
        self.client("mosquitto_sub", &arguments).await;
    }

    /// The next message that was kept, as Mosquitto's own reader shows it: `topic payload`.
    pub async fn read_kept(&self, filter: &str) -> String {
        let arguments = ["-c", "-i", "kept", "-q", "1", "-t", filter, "-C", "1", "-v"];
        self.client("mosquitto_sub", &arguments).await
    }

    /// The first message of `topic`, kept or new, as Mosquitto's own reader shows it.
    pub async fn read_first(&self, topic: &str) -> String {
        self.client("mosquitto_sub", &["-q", "1", "-t", topic, "-C", "1"]).await
    }

    async fn client(&self, name: &str, arguments: &[&str]) -> String {
        let port = self.port.to_string();
        let mut client = program(name);
        client.args(["-h", "127.0.0.1", "-p", &port]).args(arguments);
        let done = tokio::time::timeout(PATIENCE, client.output()).await;
        let output = done.expect("in time").expect(INSTALL);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name} {arguments:?}: {said}");
        String::from_utf8(output.stdout).expect("UTF-8").trim_end().to_owned()
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

async fn launch(folder: &TempDir) -> Child {
    let config = folder.path().join("mosquitto.conf");
    let mut command = program("mosquitto");
    command.arg("-c").arg(config).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect(INSTALL);
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    let running = async {
        let mut said = Vec::new();
        while let Ok(Some(line)) = lines.next_line().await {
            if line.ends_with("running") {
                return Ok(());
            }
            said.push(line);
        }
        Err(said) // it ended; this is why
    };
    let started = tokio::time::timeout(PATIENCE, running).await;
    started.expect("mosquitto starts in time").expect("mosquitto starts");
    // Somebody must go on reading, or it would block on a full pipe.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    child
}
