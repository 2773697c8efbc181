// The palette: everything that the officer can open, over the page that is open.
// It asks the server as one types; without this module the same list is a page.

const box = document.getElementById('palette');
const keys = document.getElementById('keys');
const field = box && box.querySelector('input');
const found = document.getElementById('palette-found');
let asked = 0, composing = false;

async function ask() {
  const mine = ++asked;
  const answer = await fetch(`${box.dataset.list}?q=${encodeURIComponent(field.value)}`, {headers: {'X-Mingluo-Live': '1'}});
  if (!answer.ok) { if (answer.status === 401) location.reload(); return; }
  const text = await answer.text();
  if (mine !== asked) return; // a newer question is on its way
  const page = new DOMParser().parseFromString(text, 'text/html');
  found.replaceChildren(...page.body.children);
  choose(0);
}

const links = () => [...found.querySelectorAll('a')];
function choose(i) {
  const all = links();
  all.forEach((a, n) => a.classList.toggle('chosen', n === i));
  if (all[i]) all[i].scrollIntoView({block: 'nearest'});
}

function open() {
  if (box.open) return;
  box.showModal();
  field.value = '';
  field.focus();
  ask();
}

function showKeys() {
  const here = document.getElementById('keys-here');
  const list = document.createElement('dl');
  list.className = 'palette-keys';
  for (const el of document.querySelectorAll('main [data-key]')) {
    const row = document.createElement('div'), dt = document.createElement('dt'), kbd = document.createElement('kbd'), dd = document.createElement('dd');
    kbd.textContent = el.dataset.key.toUpperCase();
    dd.textContent = (el.textContent || el.getAttribute('aria-label') || '').trim().slice(0, 40);
    dt.append(kbd);
    row.append(dt, dd);
    if (dd.textContent) list.append(row);
  }
  here.replaceChildren(list);
  keys.showModal();
}

if (box) {
  for (const link of document.querySelectorAll('[data-palette]')) {
    link.addEventListener('click', e => { e.preventDefault(); open(); });
  }
  // While an input method composes, a key is part of a word.
  field.addEventListener('compositionstart', () => { composing = true; });
  field.addEventListener('compositionend', () => { composing = false; ask(); });
  field.addEventListener('input', () => { if (!composing) ask(); });
  field.addEventListener('keydown', e => {
    if (composing || e.isComposing || e.keyCode === 229) return;
    const all = links(), at = all.findIndex(a => a.classList.contains('chosen'));
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
      e.preventDefault();
      choose((at + (e.key === 'ArrowDown' ? 1 : all.length - 1)) % Math.max(all.length, 1));
    } else if (e.key === 'Enter') {
      e.preventDefault();
      if (all[at]) location.assign(all[at].href);
    }
  });
  addEventListener('keydown', e => {
    if (e.isComposing || e.keyCode === 229) return;
    if ((e.ctrlKey || e.metaKey) && !e.shiftKey && e.key.toLowerCase() === 'k') {
      e.preventDefault();
      open();
    } else if (e.key === '?' && !e.target.matches('input, textarea, select') && !box.open && !keys.open) {
      e.preventDefault();
      showKeys();
    }
  });
}
