// Nothing that was typed is lost. The form is kept in the browser at every
// keystroke, and on the server a moment later; a reload, a line that dropped
// and a session that ended all find it again. Two officers who have the same
// draft open see each other.

const form = document.getElementById('compose');
const state = document.getElementById('saved');
const say = document.getElementById('present');
const words = state.dataset;
const pause = 900;       // ms without a key before it is saved
const again = 5000;      // ms until a save that failed is tried again
const old = 24 * 3600e3; // what was kept longer ago is of another night

// A word of this page's own: a save whose answer was lost is not taken for
// somebody else's.
const tab = Math.random().toString(36).slice(2) + Date.now().toString(36);
form.elements.tab.value = tab;

const draft = () => form.elements.draft ? form.elements.draft.value : '';
const seq = () => form.elements.seq ? form.elements.seq.value : '';
const key = () => ['mingluo', form.dataset.me, draft() || 'new', form.elements.template ? form.elements.template.value : ''].join(':');
const left = ['csrf', 'seq', 'draft', 'tab'];
const entries = () => [...new FormData(form)].filter(([name]) => !left.includes(name));
const text = () => JSON.stringify(entries());

let stored = text(); // what the server has
let timer, saving = null, stopped = false, leaving = false;

function tell(kind, value) {
  state.className = 'savestate ' + kind;
  state.textContent = kind === 'saved' ? words.saved.replace('TIME', value) : kind === 'refused' ? words.refused + ' ' + (value || '') : words[kind];
}

// The browser's copy. A browser that keeps nothing (a private window) must not
// stop the officer.
function keepHere() {
  try {
    localStorage.setItem(key(), JSON.stringify({at: Date.now(), seq: seq(), entries: entries()}));
  } catch { /* no room, or not allowed */ }
}
function forget(name) {
  try { localStorage.removeItem(name); } catch { /* not allowed */ }
}

function restore() {
  let kept;
  try { kept = JSON.parse(localStorage.getItem(key())); } catch { return; }
  if (!kept || !kept.entries || Date.now() - kept.at > old) { forget(key()); return; }
  if (kept.seq !== seq() || JSON.stringify(kept.entries) === text()) {
    // Somebody saved since, or it is all there: what is on the page counts.
    if (kept.seq === seq()) forget(key());
    return;
  }
  put(kept.entries);
  const box = document.getElementById('found-again');
  box.hidden = false;
  box.firstElementChild.firstChild.textContent = box.firstElementChild.firstChild.textContent.replace('TIME', new Date(kept.at).toLocaleTimeString('zh-CN', {hour12: false, hour: '2-digit', minute: '2-digit'}));
  box.querySelector('[data-drop]').addEventListener('click', () => { stopped = true; forget(key()); location.reload(); });
  form.elements.channels && form.dispatchEvent(new Event('change'));
  first().dispatchEvent(new Event('input', {bubbles: true}));
  first().dispatchEvent(new Event('change', {bubbles: true}));
}
const first = () => form.querySelector('input[name=areas]');

function put(list) {
  for (const el of form.elements) {
    if (!el.name || left.includes(el.name) || el.type === 'submit' || el.type === 'hidden') continue;
    const values = list.filter(([name]) => name === el.name).map(([, v]) => v);
    if (el.type === 'checkbox' || el.type === 'radio') el.checked = values.includes(el.value);
    else if (values.length) el.value = values[0];
  }
}

// The server's copy.
function soon() {
  if (stopped) return;
  if (text() === stored) return;
  keepHere();
  if (!state.classList.contains('lost')) tell('unsaved');
  clearTimeout(timer);
  timer = setTimeout(save, pause);
}

function save() {
  clearTimeout(timer);
  if (saving || stopped || text() === stored) return saving || Promise.resolve();
  const sent = text(), place = key();
  if (!state.classList.contains('lost')) tell('saving');
  saving = fetch(form.dataset.keep, {method: 'POST', body: new URLSearchParams(new FormData(form)), headers: {'X-Mingluo-Live': '1'}})
    .then(async answer => {
      if (answer.status === 401) { stopped = true; tell('ended'); return; }
      if (!(answer.headers.get('Content-Type') || '').startsWith('application/json')) throw new Error('no answer');
      const said = await answer.json();
      if (!answer.ok) { refused(said); return; }
      stored = sent;
      forget(place);
      took(said);
      tell('saved', said.saved);
    })
    .catch(() => { tell('lost'); timer = setTimeout(save, again); })
    .finally(() => { saving = null; if (!stopped && !leaving && text() !== stored && !state.classList.contains('lost') && !state.classList.contains('refused')) soon(); });
  return saving;
}

function refused(said) {
  tell('refused', said.error);
  // Somebody else saved: nothing is sent until the officer has decided, with
  // the button that shows both.
  if (said.kind === 'conflict') stopped = true;
}

function took(said) {
  hidden('draft', said.draft);
  hidden('seq', said.seq);
  if (!form.action.endsWith(said.address)) {
    form.action = said.address;
    form.dataset.keep = said.address + '/keep';
    if (form.elements.signal) form.elements.signal.remove();
    history.replaceState(null, '', said.address);
    listen();
  }
}

function hidden(name, value) {
  let field = form.elements[name];
  if (!field) {
    field = document.createElement('input');
    field.type = 'hidden';
    field.name = name;
    form.prepend(field);
  }
  field.value = value;
  if (name === 'seq') document.querySelectorAll('.undo [name=seq]').forEach(f => { f.value = value; });
}

form.addEventListener('input', e => { if (e.target.name) soon(); });
form.addEventListener('change', e => { if (e.target.name) soon(); });
addEventListener('online', () => { if (!stopped) save(); });
addEventListener('pagehide', () => { if (!leaving && text() !== stored) keepHere(); });

// A button of the form waits for a save that is under way, so that the officer's
// own save is not in the way of the officer's own submission.
form.addEventListener('submit', e => {
  clearTimeout(timer);
  if (saving) {
    e.preventDefault();
    e.stopPropagation();
    const button = e.submitter;
    saving.finally(() => form.requestSubmit(button));
    return;
  }
  leaving = true;
  keepHere();
  // The answer shows the next page, or this one with what is wrong; should it
  // not come, the copy is still here.
  sessionStorage.setItem('mingluo:sent', key());
  setTimeout(() => { leaving = false; }, 8000);
});

// Who else is here.
let source;
function listen() {
  if (source) source.close();
  if (!draft()) return;
  source = new EventSource(`${form.dataset.events}&version=0&draft=${encodeURIComponent(draft())}&save=${encodeURIComponent(seq())}`);
  let here = [], newer = null;
  const show = () => {
    say.textContent = '';
    for (const o of here) line(say.dataset.here.replace('NAME', o.name), 'here');
    if (newer) {
      const l = line(newer.notice || newer.dropped ? say.dataset.gone : say.dataset.newer.replace('NAME', newer.name).replace('TIME', newer.at), 'newer');
      const a = document.createElement('a');
      a.href = form.action;
      a.textContent = say.dataset.look;
      if (text() !== stored) { a.target = '_blank'; a.rel = 'noopener'; }
      l.append(' ', a);
    }
  };
  const line = (words, kind) => {
    const p = document.createElement('p');
    p.className = kind;
    p.textContent = words;
    say.append(p);
    return p;
  };
  source.addEventListener('present', e => { here = JSON.parse(e.data); show(); });
  source.addEventListener('saved', e => {
    const said = JSON.parse(e.data);
    if (said.tab === tab || String(said.seq) === seq()) return;
    newer = said;
    show();
  });
  source.addEventListener('signed-out', () => { stopped = true; keepHere(); tell('ended'); source.close(); });
}
addEventListener('pagehide', () => { if (source) source.close(); });

// A form that came back with what is wrong is not on the server in full.
const sent = sessionStorage.getItem('mingluo:sent');
sessionStorage.removeItem('mingluo:sent');
if (sent && sent !== key()) forget(sent);
restore();
listen();
