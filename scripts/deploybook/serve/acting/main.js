// The guide at work: on each page of it where something can be done.

import { makeCredentials } from "./credentials.js";
import { makeDoctor } from "./doctor.js";
import { element } from "./dom.js";
import { startsWith } from "./entry.js";
import { placeJupyter } from "./jupyter.js";
import { makePanel } from "./panel.js";
import * as runs from "./runs.js";
import { ask, follow, read } from "./server.js";
import { drawTicks, refreshTracking } from "./ticks.js";

const { store } = window.deploybook;
const guide = await read("guide");
const titles = Object.fromEntries(guide.sections.map((section) => [section.slug, section.title]));
const known = { credentials: [], parameters: [], sections: {} };
const started = new Set();
const panels = [];
const context = {
  environment: () => store.current(),
  credentials: () => known.credentials,
  title: (slug) => titles[slug] || slug,
  step: (slug, cell) => guide.sections.find((section) => section.slug === slug)?.steps.find((step) => step.cells.includes(cell))?.title || "",
  isNew: (run) => live || started.has(run.name),
  start,
  refresh,
};
const credentials = makeCredentials(context);
const notice = element("p", { class: "ds-notice", role: "status" });
let live = false;
let replaying = false;
let environment = "";

runs.know(guide.sections.map((section) => section.slug));
startsWith(
  async (mode, sections) => {
    await start(mode, sections);
    location.assign(`/DEPLOY_PROD_CHECKLIST.html#${sections.length === 1 ? sections[0] : "ds-all"}`);
  },
  () => known.parameters,
);

async function start(mode, sections) {
  const { run } = await ask("runs", { environment: store.current(), mode, sections });
  started.add(run);
}

async function refresh() {
  Object.assign(known, await read(`state?environment=${encodeURIComponent(store.current())}`));
  credentials.show();
  panels.forEach(({ panel, slug }) => slug && panel.setState(known.sections[slug]));
}

function place() {
  const toolbar = document.getElementById("db-toolbar");
  if (toolbar) {
    const all = makePanel({ slug: "", title: "All sections", steps: [] }, context);
    panels.push({ panel: all, slug: "" });
    const head = element("h2", { class: "ds-title", id: "ds-all" }, "Deploy from this page");
    const doctor = element("p", { class: "ds-small" }, "Something is wrong? ", element("a", { href: "/-/doctor" }, "Ask the doctor"), ".");
    // It says that nothing is sent and nothing secret asked for, which is true of the published guide.
    toolbar.querySelector("p.db-small").textContent =
      "Ticks, names and states are kept in this browser, for each environment. What you type below goes to deploybook serve on this machine, and is kept in its memory.";
    toolbar.after(element("div", { class: "ds-bar" }, head, credentials.root, all.root, doctor));
  }
  for (const section of guide.sections) {
    const heading = document.querySelector(`.md-content h2#${CSS.escape(section.slug)}`);
    if (heading) {
      const panel = makePanel(section, context);
      panels.push({ panel, slug: section.slug });
      // The toolbar's count of ticks stands beside the heading.
      const count = heading.nextElementSibling;
      (count?.classList.contains("db-progress") ? count : heading).after(panel.root);
    }
  }
  const examined = document.getElementById("ds-doctor");
  if (examined) {
    makeDoctor(examined, context);
  }
  placeJupyter();
  document.body.append(notice);
}

let drawn = 0;
function draw() {
  cancelAnimationFrame(drawn);
  drawn = requestAnimationFrame(() => {
    // What was asked and answered before this page was opened is not asked again, not even for a moment.
    if (replaying) {
      return;
    }
    panels.forEach(({ panel }) => panel.show());
    const run = runs.goingOn(store.current());
    const asks = run && run.question ? " It asks something." : "";
    const elsewhere = run && !panels.length;
    notice.replaceChildren(...(elsewhere ? [`A run goes on in ${run.environment}.${asks} `, element("a", { href: "/DEPLOY_PROD_CHECKLIST.html#ds-all" }, "Go to it")] : []));
  });
}

function changed() {
  if (environment !== store.current()) {
    environment = store.current();
    refresh().then(draw);
  }
}

for (const each of guide.environments.filter((name) => !store.every().includes(name))) {
  const current = store.current();
  store.add(each, {});
  store.use(current);
}
place();
store.watch(changed);
changed();
runs.watch((run, line) => {
  draw();
  if (live && run.environment === store.current()) {
    drawTicks(run, line, guide.sections, store);
    if (["section_done", "ended"].includes(line.kind)) {
      refresh().then(draw);
    }
    if (line.kind === "ended") {
      if (["apply", "destroy"].includes(run.asked)) {
        refreshTracking(run.environment);
      }
    }
  }
});
follow(
  (line, caughtUp) => {
    live = caughtUp;
    replaying = !caughtUp;
    runs.take(line);
  },
  () => {
    replaying = false;
    draw();
  },
  (lost) => {
    document.documentElement.classList.toggle("ds-lost", lost);
    if (lost) {
      notice.textContent = "deploybook serve does not answer. Start it again in its terminal, and open the address that it shows.";
    } else {
      draw();
    }
  },
);
