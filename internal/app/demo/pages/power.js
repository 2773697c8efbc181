// Presses the power button without leaving the page, and shows how it goes. The
// story comes from the process that keeps the carriers, so it goes on while the
// service is dead.
const story = document.getElementById("power-story");
const said = document.getElementById("power-said");
const form = document.querySelector("#power form");
const button = form.querySelector("button");
let last = "";
let timer = 0;

function show(html) {
  if (html === last) return;
  last = html;
  story.innerHTML = html;
  const now = story.firstElementChild;
  if (said.textContent !== now.dataset.said) said.textContent = now.dataset.said; // read aloud, once for each step
  button.disabled = now.dataset.running === "true";
}

async function look() {
  clearTimeout(timer);
  try {
    const answer = await fetch("/?part");
    if (answer.ok) show(await answer.text());
  } catch {
    said.textContent = "演示已停止。 The demo has stopped.";
  }
  timer = setTimeout(look, button.disabled ? 150 : 2000);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  try {
    await fetch("/power", { method: "POST", redirect: "manual" });
  } finally {
    look();
  }
});
look();
