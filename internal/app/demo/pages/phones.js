// Looks every second for what arrived on the phones, and swaps it in.
const place = document.getElementById("phones");
let last = "";
async function look() {
  try {
    const answer = await fetch("/phones?part");
    if (answer.ok) {
      const html = await answer.text();
      if (html !== last) {
        last = html;
        place.innerHTML = html;
      }
    }
  } catch {
    // The demo is being restarted; the page stays as it was.
  }
  setTimeout(look, document.hidden ? 5000 : 1000);
}
look();
