/** Signing out at the desk also empties the phone's app in this browser; what it has not sent stays sealed, and goes. */
const PATIENCE_MS = 2_000; // a store that does not answer holds up nobody who wants to leave

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.dataset.leaves === undefined) return;
  event.preventDefault();
  const emptied = import("../field/store").then(({ forget }) => forget()).catch(() => undefined);
  const waited = new Promise((done) => setTimeout(done, PATIENCE_MS));
  void Promise.race([emptied, waited]).then(() => {
    form.submit();
  });
});
