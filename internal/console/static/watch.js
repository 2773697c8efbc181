// A correction is sent by holding Enter, or a finger, for a second. Everything
// works without this: then the button is a plain one.

const second = 1000;

// The live region that says what became of a press.
function tell(word) {
  const el = document.getElementById('hold-status');
  if (el) el.textContent = el.dataset[word];
}

function arm(button) {
  const form = button.form;
  let timer = 0;
  const holding = () => timer !== 0;
  const begin = () => {
    if (holding() || form.dataset.sent) return;
    button.classList.add('holding');
    tell('hold');
    timer = setTimeout(send, second);
  };
  const letGo = () => {
    if (!holding()) return;
    clearTimeout(timer);
    timer = 0;
    button.classList.remove('holding');
    tell('early');
  };
  const send = () => {
    timer = 0;
    button.classList.remove('holding');
    if (!form.reportValidity()) { tell('early'); return; }
    button.classList.add('held');
    tell('sent');
    form.requestSubmit();
  };
  // A key that was down before the page came is somebody's Enter on the page
  // before: its repeats begin nothing. Neither does one inside a field.
  addEventListener('keydown', e => {
    const ours = e.key === 'Enter' || e.key === ' ' && e.target === button;
    if (!ours || e.isComposing || e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.target !== button && e.target !== document.body) return;
    e.preventDefault();
    if (!e.repeat) begin();
  });
  addEventListener('keyup', e => { if (e.key === 'Enter' || e.key === ' ') letGo(); });
  addEventListener('blur', letGo);
  document.addEventListener('visibilitychange', letGo);
  button.addEventListener('blur', letGo);
  button.addEventListener('pointerdown', e => { if (e.isPrimary && e.button === 0) begin(); });
  for (const end of ['pointerup', 'pointercancel', 'pointerleave']) button.addEventListener(end, letGo);
  button.addEventListener('contextmenu', e => e.preventDefault()); // a long press opens none
  button.addEventListener('click', e => e.preventDefault());       // a short one sends nothing
  // Who cannot hold, or reads with a screen reader, opens the other way: two
  // acts as well.
  form.classList.add('armed');
}

for (const button of document.querySelectorAll('[data-hold]')) arm(button);

// The ready text follows the words that are added to it.
const added = document.querySelector('form.decide textarea[name=reason]');
if (added) {
  let asked = 0, wait = 0;
  const ask = async () => {
    const mine = ++asked;
    try {
      const answer = await fetch(location.pathname + '?' + new URLSearchParams({reason: added.value}), {headers: {'X-Mingluo-Live': '1'}});
      if (!answer.ok || mine !== asked) return;
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      for (const id of ['ready', 'previews']) {
        const old = document.getElementById(id), fresh = page.getElementById(id);
        if (old && fresh) old.innerHTML = fresh.innerHTML;
      }
    } catch { /* the line is down; the server writes the text when it is sent */ }
  };
  added.addEventListener('input', () => { clearTimeout(wait); wait = setTimeout(ask, 250); });
}
