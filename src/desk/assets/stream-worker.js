// One stream for all tabs of a browser: it allows few connections to a host, and each tab would
// hold one for good.

const ports = new Set();
const KINDS = ["state", "record", "link", "tick", "exercise", "station", "resync"];
let last = null;
let source = null;

const tell = (message) => ports.forEach((port) => port.postMessage(message));

function open() {
  source?.close();
  source = new EventSource("api/stream" + (last ? "?after=" + encodeURIComponent(last) : ""));
  source.onopen = () => tell({ kind: "open" });
  for (const kind of KINDS) {
    source.addEventListener(kind, (event) => {
      last = event.lastEventId;
      tell({ kind, id: event.lastEventId, data: event.data });
    });
  }
  // The browser's own attempts stop for good after some answers; ours do not.
  source.onerror = () => {
    source.close();
    source = null;
    tell({ kind: "lost" });
    setTimeout(open, 1000);
  };
}

// A page says which piece it knows: the first one is to hear what was told since.
self.onconnect = (event) => {
  const port = event.ports[0];
  ports.add(port);
  port.onmessage = ({ data }) => {
    if (data === "bye") return ports.delete(port);
    last ??= data.after;
    if (source?.readyState === EventSource.OPEN) port.postMessage({ kind: "open" });
    else if (!source) open();
  };
};
