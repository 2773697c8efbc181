// Makes pages move by themselves. Everything works without it.

const root = document.documentElement;
const main = document.getElementById('main');
const words = document.body.dataset;
const skew = Number(root.dataset.now) - Date.now(); // the server's clock against ours
const now = () => Date.now() + skew;

// Clocks: instants come from the server, the browser only counts.
function fill(format, numbers) {
  return format.replace(/%(0?)\d*d/g, (_, zero) => {
    const n = String(numbers.shift());
    return zero ? n.padStart(2, '0') : n;
  });
}

function tick() {
  for (const el of document.querySelectorAll('[data-due]')) {
    const ms = Date.parse(el.dataset.due) - now();
    const s = Math.floor(Math.abs(ms) / 1000), side = ms >= 0 ? 'left' : 'over';
    const text = s >= 3600
      ? fill(words[side + 'Hm'], [Math.floor(s / 3600), Math.floor(s / 60) % 60])
      : fill(words[side + 'Ms'], [Math.floor(s / 60), s % 60]);
    if (el.textContent !== text) el.textContent = text;
  }
  const clock = document.getElementById('clock');
  if (clock) clock.textContent = new Date(now()).toLocaleTimeString('zh-CN', {timeZone: 'Asia/Shanghai', hour12: false});
}
tick();
setInterval(tick, 1000);

// On a phone the menu is wider than the screen: the present entry is shown.
const menu = document.querySelector('.top nav');
const entry = menu && menu.querySelector('[aria-current]');
if (entry) menu.scrollLeft = entry.offsetLeft - menu.offsetLeft - 40;

// Live regions: the page asks for itself again and takes over what changed.
function busy(region) {
  if (region.contains(document.activeElement) && document.activeElement.matches('input, textarea, select')) return true;
  return [...region.querySelectorAll('input, textarea')].some(f => f.type !== 'hidden' && f.value !== f.defaultValue);
}

async function refresh() {
  const answer = await fetch(location.href, {headers: {'X-Mingluo-Live': '1'}});
  if (answer.status === 401) return signedOut();
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const fresh of page.querySelectorAll('[data-live]')) {
    const old = document.getElementById(fresh.id);
    if (!old || busy(old) || old.innerHTML === fresh.innerHTML) continue;
    const open = [...old.querySelectorAll('details[open]')].map(d => d.id).filter(Boolean);
    old.replaceWith(fresh);
    open.forEach(id => { const d = document.getElementById(id); if (d) d.open = true; });
  }
  document.dispatchEvent(new CustomEvent('mingluo:page', {detail: page}));
  tick();
}

let source, ended = false;
function signedOut() {
  ended = true;
  if (source) source.close();
  line('Ended');
  setTimeout(() => location.reload(), 1500);
}

function line(word) {
  const el = document.getElementById('line');
  if (el) { el.textContent = el.dataset['word' + word]; el.className = word.toLowerCase(); }
}

if (main && main.dataset.follow) {
  let asking = false, again = false;
  const ask = async () => {
    if (asking) { again = true; return; }
    asking = true;
    do {
      again = false;
      try { await refresh(); } catch { /* the line is down; the next event asks again */ }
    } while (again);
    asking = false;
  };
  const connect = () => {
    source = new EventSource(main.dataset.follow);
    source.onopen = () => line('Live');
    source.onerror = () => {
      line('Lost');
      if (source.readyState !== EventSource.CLOSED) return; // it comes back by itself
      ask().then(() => { if (!ended) setTimeout(connect, 2000); }); // refused: signed out, or down
    };
    source.addEventListener('change', ask);
    source.addEventListener('signed-out', signedOut);
  };
  connect();
  addEventListener('pagehide', () => source.close());
}

// Keys open pages and never act. A key while an input method composes is text.
addEventListener('keydown', e => {
  if (e.isComposing || e.ctrlKey || e.metaKey || e.altKey || e.target.matches('input, textarea, select')) return;
  const link = document.querySelector(`[data-key="${CSS.escape(e.key.toLowerCase())}"]`);
  if (link) { e.preventDefault(); link.matches('input') ? link.focus() : link.click(); }
});

// An act is sent once, however often the button is pressed.
addEventListener('submit', e => {
  if (e.target.dataset.sent) { e.preventDefault(); return; }
  e.target.dataset.sent = '1';
  setTimeout(() => delete e.target.dataset.sent, 5000);
});
