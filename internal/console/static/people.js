// The banners on top of every page: calls and alarms that reach the officer
// wherever he or she is. A page that follows the desk brings them along
// (console.js tells of each page that it fetched); any other listens itself.

const strip = document.getElementById('banners');
const title = document.title;

function put(html) {
  const text = html.trim();
  if (strip.innerHTML.trim() !== text) strip.innerHTML = text; // the region stays, so that it is read out
  document.title = (strip.querySelector('.call, .sign') ? '● ' : '') + title;
}

async function ask() {
  const answer = await fetch(strip.dataset.part, {headers: {'X-Mingluo-Live': '1'}});
  if (answer.ok) put(await answer.text());
}

if (strip) {
  put(strip.innerHTML);
  document.addEventListener('mingluo:page', e => {
    const fresh = e.detail.getElementById('banners');
    if (fresh) put(fresh.innerHTML);
  });
  const main = document.getElementById('main');
  if (!main || !main.dataset.follow) {
    const source = new EventSource(strip.dataset.events);
    source.addEventListener('change', () => ask().catch(() => { /* the line is down; the next event asks again */ }));
    source.addEventListener('signed-out', () => source.close());
    addEventListener('pagehide', () => source.close());
  }
}

// A page that is made to be printed.
for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false;
  button.addEventListener('click', () => print());
}
