// The first thing a page does: it comes in by its link and asks what there is, while the rest of the
// page is still on its way. What is said waits in `early`, where store.js takes it. Nothing waits for
// this file but app.js, which imports it: whoever is first runs it.

(() => {
  if (self.early) return;
  const ask = (path, options = {}) => fetch("api/" + path, { credentials: "same-origin", ...options });
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  let session = null;
  if (token) {
    // The token of the link becomes a cookie that no script can read, and leaves the address.
    history.replaceState(null, "", location.pathname + "#/");
    session = ask("session", { method: "POST", headers: { Authorization: "Bearer " + token } });
  }
  const inside = async (path) => {
    const door = await session;
    return door && !door.ok ? door.clone() : ask(path);
  };
  self.early = { catalogue: inside("catalogue"), snapshot: inside("snapshot") };
  // Whoever takes them is told what went wrong.
  for (const asked of Object.values(self.early)) asked.catch(() => {});
})();
