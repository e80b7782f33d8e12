import { all, define } from "./dom";

/**
 * `<ll-once><form>…</form></ll-once>`: a second press sends nothing.
 * A button with `data-sending` shows that text while the form is on its way.
 */
class Once extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("submit", this.hold);
    this.addEventListener("htmx:afterRequest", this.release);
    addEventListener("pageshow", this.release);
  }

  disconnectedCallback(): void {
    removeEventListener("pageshow", this.release);
  }

  private readonly hold = (event: SubmitEvent): void => {
    const form = event.target as HTMLFormElement;
    if (form.dataset.sent !== undefined) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "";
    form.classList.add("is-sending");
    form.setAttribute("aria-busy", "true");
    const pressed = event.submitter;
    if (pressed?.dataset.sending) {
      pressed.dataset.idle = pressed.textContent;
      pressed.textContent = pressed.dataset.sending;
    }
  };

  /** Back from the next page, or after a refusal shown by htmx: the form may be sent again. */
  private readonly release = (): void => {
    for (const form of all<HTMLFormElement>(this, "form[data-sent]")) {
      delete form.dataset.sent;
      form.classList.remove("is-sending");
      form.removeAttribute("aria-busy");
      for (const button of all<HTMLElement>(form, "[data-idle]")) {
        button.textContent = button.dataset.idle ?? "";
        delete button.dataset.idle;
      }
    }
  };
}

define("ll-once", Once);
