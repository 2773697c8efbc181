// An import as it goes: the form is sent in the background, and its page is asked
// how far it is. Without script the browser sends the form and waits.

const form = document.getElementById('import');

async function look(address) {
  try {
    const answer = await fetch(address, {headers: {'X-Mingluo-Live': '1'}});
    if (!answer.ok) return null; // not begun yet
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('job');
    const old = document.getElementById('job');
    if (fresh && old) old.replaceWith(fresh);
    return fresh;
  } catch { return null; } // the line is down: it is asked again
}

function follow(address, ended) {
  const timer = setInterval(async () => {
    const job = await look(address);
    if (ended && job && !job.dataset.job) { clearInterval(timer); ended(); }
  }, 700);
  return () => clearInterval(timer);
}

if (form) form.addEventListener('submit', async event => {
  event.preventDefault();
  const body = new FormData(form), button = form.querySelector('button');
  button.disabled = true;
  const stop = follow(form.dataset.job);
  try {
    const answer = await fetch(form.action, {method: 'POST', body});
    stop();
    if (answer.redirected) { location = answer.url; return; }
    document.open(); document.write(await answer.text()); document.close(); // what stood against it
  } catch {
    stop();
    location = form.dataset.job; // the line broke: its page says how far it came
  }
});
else {
  const job = document.querySelector('#job[data-job]');
  if (job) follow(job.dataset.job, () => location.reload());
}
