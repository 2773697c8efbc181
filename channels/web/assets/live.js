// The page works without this. With it, the page changes by itself: it listens
// to /events from where it was made, fetches itself anew, swaps its main part,
// and tells screen readers politely what is new.
const main = document.querySelector("main[data-live]");
const say = document.getElementById("say");
const pulse = document.getElementById("pulse");
const kinds = ["release", "update", "lift", "retract", "expire", "reset"];
let seq = main.dataset.live;
let source, wait = 1000, fetching = false, again = null;

function status(on) {
  pulse.hidden = false;
  pulse.textContent = on ? main.dataset.wordLive : main.dataset.wordLost;
  pulse.classList.toggle("off", !on);
}

function connect() {
  const q = new URLSearchParams({ "last-event-id": seq });
  if (main.dataset.notice) q.set("notice", main.dataset.notice);
  q.set("mode", main.dataset.mode);
  source = new EventSource("/events?" + q);
  source.onopen = () => { wait = 1000; status(true); };
  for (const kind of kinds) source.addEventListener(kind, heard);
  source.onerror = () => {
    status(false);
    if (source.readyState !== EventSource.CLOSED) return; // it tries again by itself
    setTimeout(connect, wait + Math.random() * wait);
    wait = Math.min(wait * 2, 60000);
  };
}

function heard(event) {
  const data = JSON.parse(event.data);
  if (event.type !== "reset" && data.seq <= seq) return; // given twice
  seq = Math.max(seq, data.seq);
  refresh(data);
}

async function refresh(data) {
  if (fetching) { again = data; return; }
  fetching = true;
  try {
    const url = new URL(location.href);
    url.hash = "";
    url.searchParams.set("at", data.seq); // a shared cache may hold the page of before
    const answer = await fetch(url, { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.status);
    swap(new DOMParser().parseFromString(await answer.text(), "text/html"), data);
  } catch (err) {
    setTimeout(() => refresh(data), 2000 + Math.random() * 3000);
  } finally {
    fetching = false;
    if (again) { const next = again; again = null; refresh(next); }
  }
}

function swap(page, data) {
  const fresh = page.querySelector("main[data-live]");
  if (!fresh) { location.reload(); return; }
  const open = [...main.querySelectorAll("details[open]")].length > 0;
  const focus = document.activeElement && main.contains(document.activeElement) ? document.activeElement.id : "";
  const typed = main.querySelector("#code")?.value;
  main.replaceChildren(...fresh.childNodes);
  if (open) main.querySelectorAll("details").forEach((d) => { d.open = true; });
  if (typed) main.querySelector("#code").value = typed;
  if (focus) document.getElementById(focus)?.focus();
  document.title = page.title;
  document.body.className = page.body.className;
  if (data.headline) {
    document.getElementById("/n/" + data.id)?.classList.add("fresh");
    say.textContent = main.dataset.wordNew + data.headline;
  }
}

connect();
