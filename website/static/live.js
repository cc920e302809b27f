import { ageText, countText } from './format.js';
import { morph } from './morph.js';

// Keeps the page true while it is open. An event says that something happened; the page is then asked for again, and
// what differs is changed in place: the server alone knows how things are written.

const events = `/api/v1/events?${document.body.dataset.events}`;
const leastPause = 4_000;
const spread = 1_500;
const toast = document.getElementById('toast');
let source;
let asked = 0;
let timer;
let toastTimer;

connect();
setInterval(showAges, 5_000);
document.addEventListener('visibilitychange', () => {
  // A hidden tab holds no connection: browsers allow six to a host, for all tabs together.
  if (document.hidden) return disconnect();
  connect();
  refreshSoon();
});
addEventListener('pagehide', disconnect);
addEventListener('pageshow', (event) => {
  if (event.persisted) connect();
});

function connect(path = events) {
  if (source !== undefined || document.hidden) return;
  const opened = new EventSource(path);
  source = opened;
  const began = Date.now();
  for (const type of ['pool', 'round', 'message']) {
    // A new connection begins with how things are, which the page shows already.
    opened.addEventListener(type, () => Date.now() - began > 1_000 && refreshSoon());
  }
  for (const type of ['block-confirmed', 'block-orphaned', 'worker', 'notice']) {
    opened.addEventListener(type, refreshSoon);
  }
  opened.addEventListener('block', (event) => {
    say('Block found', event.data, ({ height }) => `at height ${countText(Number(height))}`);
    refreshSoon();
  });
  opened.addEventListener('payment', (event) => {
    say('Payment sent', event.data, ({ amount }) => String(amount ?? ''));
    refreshSoon();
  });
  opened.addEventListener('error', () => {
    // Closed for good (the server has no room, or no such stream): the plain statistics instead, if anything.
    if (opened.readyState !== EventSource.CLOSED || source !== opened) return;
    source = undefined;
    if (path === events) connect('/api/live_stats');
    else setTimeout(() => connect(), 60_000);
  });
}

function disconnect() {
  source?.close();
  source = undefined;
}

/** Once for many events; not all viewers of a page at the same moment. */
function refreshSoon() {
  if (timer !== undefined) return;
  const wait = Math.max(0, asked + leastPause - Date.now()) + Math.random() * spread;
  timer = setTimeout(refresh, wait);
}

async function refresh() {
  asked = Date.now();
  try {
    const reply = await fetch(location.href, { headers: { Accept: 'text/html' } });
    if (!reply.ok || document.hidden) return;
    const fresh = new DOMParser().parseFromString(await reply.text(), 'text/html');
    for (const id of ['notices', 'page', 'updated']) {
      const [now, next] = [document.getElementById(id), fresh.getElementById(id)];
      if (now !== null && next !== null) morph(now, next);
    }
    dispatchEvent(new Event('pagechange'));
  } catch {
    // The server is away; the stream comes back when it does.
  } finally {
    timer = undefined;
  }
}

function showAges() {
  const now = Date.now();
  for (const time of document.querySelectorAll('time[data-age]')) {
    time.textContent = ageText(Date.parse(time.dateTime), now, time.dataset.age === 'short');
  }
}

function say(what, json, detailOf) {
  let detail = '';
  try {
    const data = JSON.parse(json);
    detail = detailOf(data.data ?? data);
  } catch {
    // Still worth saying.
  }
  toast.textContent = `${what} ${detail}`.trim();
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => {
    toast.textContent = '';
  }, 8_000);
}
