// The form of a template: a live preview beside it, and a copy in the browser at
// every keystroke, so that a reload or a dropped line loses nothing.

const form = document.getElementById('template-form');
const key = 'mingluo:template:' + location.pathname + location.search;
const old = 24 * 3600e3; // what was kept longer ago is of another day
const left = ['csrf', 'version', 'from'];
const entries = () => [...new FormData(form)].filter(([name]) => !left.includes(name));
const version = form.elements.version.value;
let timer, running;

async function preview() {
  if (running) running.abort();
  running = new AbortController();
  try {
    const answer = await fetch(form.dataset.preview, {method: 'POST', body: new URLSearchParams(new FormData(form)), signal: running.signal});
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('panel');
    const panel = document.getElementById('panel');
    if (fresh && !panel.contains(document.activeElement)) panel.replaceWith(fresh);
  } catch { /* a newer one is on its way, or the line is down: the form is what counts */ }
}

function forget() {
  try { localStorage.removeItem(key); } catch { /* not allowed */ }
}

function changed() {
  try { localStorage.setItem(key, JSON.stringify({at: Date.now(), version, entries: entries()})); } catch { /* no room, or not allowed */ }
  clearTimeout(timer);
  timer = setTimeout(preview, 300);
}

function restore() {
  let kept;
  try { kept = JSON.parse(localStorage.getItem(key)); } catch { return; }
  if (!kept || !kept.entries) return;
  if (Date.now() - kept.at > old || kept.version !== version || JSON.stringify(kept.entries) === JSON.stringify(entries())) {
    forget();
    return;
  }
  for (const el of form.elements) {
    if (!el.name || left.includes(el.name) || el.type === 'submit' || el.type === 'hidden') continue;
    const values = kept.entries.filter(([name]) => name === el.name).map(([, v]) => v);
    if (el.type === 'checkbox' || el.type === 'radio') el.checked = values.includes(el.value);
    else if (values.length) el.value = values[0];
  }
  const box = document.getElementById('found-again');
  box.hidden = false;
  const words = box.firstElementChild.firstChild;
  words.textContent = words.textContent.replace('TIME', new Date(kept.at).toLocaleTimeString('zh-CN', {hour12: false, hour: '2-digit', minute: '2-digit'}));
  box.querySelector('[data-drop]').addEventListener('click', () => { forget(); location.reload(); });
  preview();
}

form.addEventListener('input', e => { if (!e.isComposing) changed(); });
form.addEventListener('compositionend', changed);
form.addEventListener('submit', e => { if (e.submitter && e.submitter.value === 'propose') forget(); });
// Ctrl+Enter proposes; Enter in a line only previews (the first button).
form.addEventListener('keydown', e => {
  if (e.key === 'Enter' && (e.ctrlKey || e.metaKey) && !e.isComposing) form.querySelector('button[value=propose]').click();
});
// Only a page that was opened anew: one that came back from a refused proposal
// holds what was typed already.
if (!document.querySelector('[role=alert]')) restore();
