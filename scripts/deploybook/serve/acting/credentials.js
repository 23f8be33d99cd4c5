// The credentials of an environment: which are there, from where, and a field for each that is not.

import { button, element } from "./dom.js";
import { inputField, keep } from "./questions.js";

export function makeCredentials(context) {
  const summary = element("summary", {});
  const body = element("div", { class: "ds-credentials" });
  const root = element("details", { class: "ds-inputs" }, summary, body);

  function show() {
    const credentials = context.credentials();
    const missing = credentials.filter((credential) => !credential.from && !credential.optional);
    summary.textContent = missing.length
      ? `Credentials: ${missing.length} of ${credentials.length} are missing`
      : "Credentials: all are there";
    const rows = credentials.map((credential) =>
      element("li", {}, element("code", {}, credential.name), credential.from ? ` from ${credential.from} ` : credential.optional ? " not set, and may be left out " : " not set ", change(credential)),
    );
    body.replaceChildren(element("ul", {}, ...rows));
  }

  function change(credential) {
    const made = button(credential.from ? "Give another" : "Give it", () => {
      const form = element("form", { class: "ds-card", autocomplete: "off" }, inputField(credential.name, credential), element("button", { type: "submit", class: "db-button ds-go" }, "Check"));
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        keep(form, context.environment(), true, context.refresh);
      });
      made.replaceWith(form);
      form.querySelector("input").focus();
    });
    made.setAttribute("aria-label", `${made.textContent}: ${credential.name}`);
    return made;
  }

  return { root, show };
}
