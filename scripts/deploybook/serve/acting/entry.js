// A troubleshooting entry beside what failed: its text from the guide's own page, and its fix filled in for the environment.

import { button, commandLine, element } from "./dom.js";
import { ask } from "./server.js";

const RUN = /^deploybook run((?: [a-z0-9_]+)*) --mode (plan|apply|verify)(?: --environment ([a-z0-9-]+))?$/;

let page = null;
let opener = null;
let start = () => {};
let parameters = () => [];

// How a run is started, and which parameters the server adds to it by itself.
export function startsWith(starter, known) {
  start = starter;
  parameters = known;
}

export function entryButton(entry, environment, sections) {
  return button(`What to do: ${entry}`, (event) => open(entry, environment, sections, event.currentTarget), { class: "db-button ds-help" });
}

async function open(entry, environment, sections, from) {
  close();
  opener = from;
  const title = element("h2", { id: "ds-entry-title", tabindex: -1 }, entry);
  const body = element("div", { class: "ds-entry-body md-typeset" }, "Reading the entry …");
  const aside = element("aside", { class: "ds-aside", id: "ds-entry", "aria-labelledby": "ds-entry-title" }, element("div", { class: "ds-entry-head" }, title, button("Close", close)), body);
  aside.addEventListener("keydown", (event) => event.key === "Escape" && close());
  document.body.append(aside);
  title.focus();
  const [text, fix] = await Promise.all([textOf(entry, title), fixOf(entry, environment, sections)]);
  body.replaceChildren(fix, ...text);
}

export function close() {
  document.getElementById("ds-entry")?.remove();
  opener?.focus();
  opener = null;
}

async function textOf(entry, title) {
  page ||= fetch("/troubleshooting.html").then((response) => response.text()).then((text) => new DOMParser().parseFromString(text, "text/html"));
  const heading = (await page).getElementById(entry);
  if (!heading) {
    return [element("p", {}, "The guide has no such entry.")];
  }
  title.textContent = heading.firstChild.textContent;
  const parts = [];
  for (let next = heading.nextElementSibling; next && !/^H[1-3]$/.test(next.tagName); next = next.nextElementSibling) {
    const part = document.importNode(next, true);
    part.querySelectorAll("[id]").forEach((each) => each.removeAttribute("id"));
    // Anchors of lines of code, which have no text.
    part.querySelectorAll("a[name^='__codelineno']").forEach((anchor) => anchor.remove());
    part.querySelectorAll("pre > code").forEach((code) => (code.tabIndex = 0));
    part.querySelectorAll("a[href^='#']").forEach((link) => (link.href = `/troubleshooting.html${link.hash}`));
    parts.push(part);
  }
  return [...parts, element("p", {}, element("a", { href: `/troubleshooting.html#${entry}` }, "The entry on its page"))];
}

async function fixOf(entry, environment, sections) {
  const box = element("div", { class: "ds-fix" });
  try {
    const { fix = [], with: meanings = {}, error } = await ask("explain", { entry, environment, sections });
    if (fix.length) {
      box.append(element("h3", {}, `The fix, for ${environment}`), ...fix.map((command) => fixLine(command, environment)));
      box.append(...Object.entries(meanings).map(([name, meaning]) => element("p", { class: "ds-small" }, `<${name}>: ${meaning}`)));
    } else if (error) {
      box.append(element("p", {}, error));
    }
  } catch (problem) {
    box.append(element("p", {}, `${problem.message} ${problem.hint || ""}`));
  }
  return box;
}

// A command that is a run can be started here; one whose parameters the server does not have is there to be copied.
export function fixLine(command, environment) {
  const line = commandLine(command);
  const match = RUN.exec(command.replaceAll(/ -p (\w+) <[A-Z_]+>/g, (pair, name) => (parameters().includes(name) ? "" : pair)));
  if (match && (match[3] || "production") === environment) {
    const sections = match[1].split(" ").filter(Boolean);
    line.append(button("Run it here", () => (close(), start(match[2], sections)), { class: "db-button ds-go" }));
  }
  return line;
}
