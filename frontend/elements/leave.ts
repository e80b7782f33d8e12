/** Signing out at the desk also empties the phone's app in this browser; what it has not sent stays sealed, and goes. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.dataset.leaves === undefined) return;
  event.preventDefault();
  void import("../field/store")
    .then(({ forget }) => forget())
    .catch(() => undefined)
    .finally(() => {
      form.submit();
    });
});
