// The form of a notice: a live preview, the places, and the keys. What keeps it
// from being lost is in draft.js.

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
    reveal();
  } catch { /* a newer one is on its way, or the line is down: the form is what counts */ }
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(preview, 250);
}

// What needs this script is hidden until it runs.
function reveal() {
  for (const el of form.querySelectorAll('.allof, .filter')) el.hidden = false;
}

// An officer's own change and a script's are told in the same way, so that the
// preview, the saving and the map all hear of it.
function changed(el) {
  el.dispatchEvent(new Event('input', {bubbles: true}));
  el.dispatchEvent(new Event('change', {bubbles: true}));
}

form.addEventListener('input', e => { if (!e.isComposing && e.target.name) soon(); });
form.addEventListener('compositionend', soon);
form.addEventListener('change', e => {
  if (e.target.name === 'areas') paint();
  if (e.target.name === 'kind') document.getElementById('f-interpretation').hidden = e.target.value !== 'policy';
  if (e.target.name) soon();
});

// Places: boxes in lists, the map, and a filter that is typed into.
const boxes = [...form.querySelectorAll('input[name=areas]')];
const city = form.querySelector('.city input');

function paint() {
  for (const d of form.querySelectorAll('.district')) {
    const whole = d.querySelector('summary input'), towns = [...d.querySelectorAll('.towns input')];
    const some = towns.some(t => t.checked);
    whole.disabled = city.checked;
    towns.forEach(t => { t.disabled = whole.checked || city.checked; });
    const path = form.querySelector(`path[data-district="${d.dataset.code}"]`);
    if (path) path.setAttribute('class', whole.checked || city.checked ? 'all' : some ? 'some' : '');
  }
  const picked = document.getElementById('picked');
  const names = boxes.filter(b => b.checked && !b.disabled).map(b => b.closest('label').textContent.trim());
  picked.textContent = names.length ? picked.dataset.word.replace('PLACES', names.join('、')) : '';
}

function pick(box, on) {
  box.checked = on;
  const fold = box.closest('.towns') && box.closest('.district');
  if (on && fold) fold.open = true;
  changed(box);
}

form.querySelector('.map').addEventListener('click', e => {
  const code = e.target.dataset.district;
  if (!code || city.checked) return;
  const box = form.querySelector(`.district[data-code="${code}"] summary input`);
  pick(box, !box.checked);
});
// A click on a district's box chooses it; it does not also fold its towns.
for (const label of form.querySelectorAll('.district summary label')) {
  label.addEventListener('click', e => e.stopPropagation());
}

const filter = form.querySelector('.filter input');
function matches() {
  const q = filter.value.trim().toLowerCase().replace(/\s+/g, '');
  const rows = [...form.querySelectorAll('[data-find]')];
  const hit = q ? rows.filter(r => r.dataset.find.split(' ').some(w => w.startsWith(q) || (q.length > 1 && w.includes(q)))) : [];
  // A name that begins so comes before one that only holds it.
  hit.sort((a, b) => rank(b, q) - rank(a, q));
  for (const r of rows) r.classList.toggle('hit', hit.includes(r));
  for (const d of form.querySelectorAll('.district')) {
    if (q && d.querySelector('.towns .hit')) d.open = true;
    d.classList.toggle('dim', !!q && !d.querySelector('.hit'));
  }
  filter.setCustomValidity('');
  return hit;
}
const rank = (row, q) => row.dataset.find.split(' ').some(w => w === q) ? 2 : row.dataset.find.split(' ').some(w => w.startsWith(q)) ? 1 : 0;
filter.addEventListener('input', e => { e.stopPropagation(); if (!e.isComposing) matches(); });
filter.addEventListener('compositionend', matches);
filter.addEventListener('keydown', e => {
  if (e.key !== 'Enter' || e.isComposing || e.ctrlKey || e.metaKey || !filter.value.trim()) return;
  e.preventDefault();
  const first = matches()[0];
  if (!first) { filter.setCustomValidity(filter.dataset.none); filter.reportValidity(); return; }
  const box = first.querySelector('input');
  if (!box.disabled) pick(box, !box.checked);
  filter.value = '';
  matches();
});

// "As the signal": its area and its words; for a relay also where it is from.
form.addEventListener('click', e => {
  const as = e.target.closest('button[name=as]');
  if (!as) return;
  e.preventDefault();
  const areas = as.dataset.areas.split(' ');
  boxes.forEach(b => { b.checked = areas.includes(b.value); });
  const set = (name, value) => { const f = form.elements[name]; if (f && value) f.value = value; };
  set('area_desc', as.dataset.desc);
  if (form.elements.source_name && (form.elements.kind ? form.elements.kind.value : 'relay') === 'relay') {
    set('source_name', as.dataset.name);
    set('source_sent', as.dataset.sent);
    set('source_identifier', as.dataset.identifier);
    set('effective', as.dataset.effective);
    if (as.dataset.expires > form.elements.effective.value) set('expires', as.dataset.expires);
  }
  changed(boxes[0]);
});

// One answer for every district; each can still be changed by itself.
form.addEventListener('click', e => {
  const all = e.target.dataset.all;
  if (!all) return;
  const answers = [...form.querySelectorAll(`.suspendrow input[value="${all}"]`)];
  answers.forEach(a => { a.checked = true; });
  if (answers.length) changed(answers[0]);
});

// Keys: Enter goes on to the next field and never submits; Ctrl+Enter submits.
// A key with which an input method composes is text.
form.addEventListener('keydown', e => {
  if (e.key !== 'Enter' || e.isComposing || e.keyCode === 229 || e.defaultPrevented) return;
  if (e.ctrlKey || e.metaKey) {
    e.preventDefault();
    form.querySelector('button[value=submit]').click();
  } else if (e.target.matches('input, select')) {
    e.preventDefault();
    const all = [...form.querySelectorAll('input:not([type=hidden]), select, textarea')].filter(f => !f.disabled && f.offsetParent);
    const next = all[all.indexOf(e.target) + 1];
    if (next) next.focus();
  }
});

// The press that follows a key down may land in the field that the cursor has
// gone to: it does not submit from there.
form.addEventListener('keypress', e => {
  if (e.key === 'Enter' && e.target.matches('input, select')) e.preventDefault();
});

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
const find = document.querySelector('[data-find][type=search]');
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

// From a template the cursor stands where something waits for the officer: an
// empty gap, the place, the class suspension, else the submission.
reveal();
paint();
if (form.elements.template && !document.querySelector('.alertbox')) {
  const gap = [...form.querySelectorAll('.gaps input, .gaps select')].find(g => g.value === '');
  const somewhere = boxes.some(b => b.checked) ? null : form.querySelector('button[name=as]') || filter;
  const unanswered = form.querySelector('.suspendrow') && !form.querySelector('.suspendrow input:checked') && form.querySelector('.allof button, .suspendrow input');
  (gap || somewhere || unanswered || form.querySelector('button[value=submit]')).focus();
}
