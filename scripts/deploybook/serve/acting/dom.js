// Elements whose text is text: nothing that a provider said can become markup.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) {
      made.addEventListener(name.slice(2), value);
    } else if (value === true) {
      made.setAttribute(name, "");
    } else if (value !== false && value !== undefined && value !== null) {
      made.setAttribute(name, String(value));
    }
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

export function button(text, press, attributes = {}) {
  const made = element("button", { type: "button", class: "db-button", ...attributes }, text);
  made.addEventListener("click", press);
  return made;
}

// A command that can be copied.
export function commandLine(text) {
  const copied = element("span", { class: "ds-copied", role: "status" });
  const copy = button("Copy", async () => {
    await navigator.clipboard.writeText(text);
    copied.textContent = "Copied";
  });
  copy.setAttribute("aria-label", `Copy ${text}`);
  return element("div", { class: "ds-command" }, element("code", { tabindex: 0 }, text), copy, copied);
}

export function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds) % 60).padStart(2, "0")}`;
}

export function when(iso) {
  return new Date(iso).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}
