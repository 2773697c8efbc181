// The form of a notice: a live preview, and the map as a second way to choose.

const form = document.getElementById('compose');
let timer, running;

async function preview() {
  if (running) running.abort();
  running = new AbortController();
  const body = new URLSearchParams(new FormData(form));
  try {
    const answer = await fetch(form.dataset.preview, {method: 'POST', body, signal: running.signal});
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    for (const id of ['panel', 'suspend', 'filled']) {
      const old = document.getElementById(id), now = fresh.getElementById(id);
      if (old && now && !old.contains(document.activeElement)) old.replaceWith(now);
    }
  } catch { /* a newer one is on its way, or the line is down: the form is what counts */ }
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(preview, 250);
}

function paint() {
  for (const d of form.querySelectorAll('.district')) {
    const whole = d.querySelector('summary input'), towns = [...d.querySelectorAll('.towns input')];
    const some = towns.some(t => t.checked);
    towns.forEach(t => { t.disabled = whole.checked; });
    const path = form.querySelector(`path[data-district="${d.dataset.code}"]`);
    if (path) path.setAttribute('class', whole.checked ? 'all' : some ? 'some' : '');
  }
}

form.addEventListener('input', e => { if (!e.isComposing) soon(); });
form.addEventListener('compositionend', soon);
form.addEventListener('change', e => {
  if (e.target.name === 'areas') paint();
  soon();
});
form.querySelector('.map').addEventListener('click', e => {
  const code = e.target.dataset.district;
  if (!code) return;
  const box = form.querySelector(`.district[data-code="${code}"] summary input`);
  box.checked = !box.checked;
  paint();
  soon();
});
// A click on a district's box chooses it; it does not also fold its towns.
for (const label of form.querySelectorAll('.district summary label')) {
  label.addEventListener('click', e => e.stopPropagation());
}
// The name of the danger follows the hazard until somebody writes another one.
const hazard = form.querySelector('[data-pick]'), event = form.elements.event;
if (hazard) {
  const named = new Set([...hazard.options].map(o => o.text));
  hazard.addEventListener('change', () => {
    if (event.value === '' || named.has(event.value)) event.value = hazard.selectedOptions[0].text;
  });
}
// The search for a template: while one types, never while an input method
// composes; Enter opens the first one found.
const find = document.querySelector('[data-find]');
if (find) {
  let asked = 0, wait;
  const look = async () => {
    const mine = ++asked;
    const answer = await fetch(find.dataset.find + '?q=' + encodeURIComponent(find.value));
    if (!answer.ok || mine !== asked) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('found');
    if (fresh) document.getElementById('found').replaceWith(fresh);
  };
  const later = () => { clearTimeout(wait); wait = setTimeout(() => look().catch(() => {}), 120); };
  find.addEventListener('input', e => { if (!e.isComposing) later(); });
  find.addEventListener('compositionend', later);
  find.form.addEventListener('submit', e => {
    e.preventDefault();
    clearTimeout(wait);
    look().then(() => { const a = document.querySelector('#found a'); if (a) a.click(); }).catch(() => find.form.submit());
  });
  find.addEventListener('keydown', e => { if (e.key === 'Enter' && e.isComposing) e.preventDefault(); });
}
// The words for the place follow the choice the same way, on the server.
paint();
