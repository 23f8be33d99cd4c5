// One section at work, or all of them: its state, its buttons, what it asks, and what it says under the step that it belongs to.

import { button, clock, element, when } from "./dom.js";
import { entryButton } from "./entry.js";
import { missingOf, questionOf } from "./questions.js";
import * as runs from "./runs.js";
import { ask } from "./server.js";

const MODES = [
  ["dry-run", "Dry run", "in the sandbox, without credentials"],
  ["plan", "Plan", "read the current state, and show what would change"],
  ["apply", "Apply", "show the plan, ask, apply it, verify"],
  ["verify", "Verify", "run every check, and change nothing"],
  ["destroy", "Destroy…", "ask, then remove what was made"],
];
const MARKS = { waiting: "○", running: "◌", passed: "✓", failed: "✗", incomplete: "◐", "not-run": "–" };
const WORDS = { waiting: "waiting", running: "running", passed: "passed", failed: "failed", incomplete: "not all tested", "not-run": "not run" };
const STATES = { "not begun": "○", part: "◐", done: "✓", differs: "✗" };
const DONE = { create: "created", update: "updated", delete: "deleted", manual: "by hand" };
const SIGNS = {
  create: "+", update: "~", delete: "-", unchanged: "=", left: "=", absent: "=", "would create": "+", "would update": "~", "would delete": "-",
  "would record": "→", recorded: "→", kept: "=", passed: "✓", failed: "✗", "not tested": "○", "left out": "·", later: "·", note: "·", manual: "☞",
};

// `section` is {slug, title, steps}; without a slug the panel is that of all sections. `context` has environment, credentials and start.
export function makePanel(section, context) {
  const state = element("span", { class: "ds-state" });
  const since = element("span", { class: "ds-small" });
  const buttons = MODES.map(([mode, text, about]) => {
    const made = button(text, () => start(mode), { class: `db-button ds-do-${mode}`, title: `${text.replace("…", "")}: ${about}` });
    made.setAttribute("aria-label", `${text} ${section.title}`);
    return made;
  });
  const stop = button("Stop", () => ask(`runs/${shown.name}/stop`).catch(say), { class: "db-button ds-stop", hidden: true });
  const now = element("p", { class: "ds-now", role: "status" });
  const asked = element("div", { class: "ds-asked" });
  const steps = element("ol", { class: "ds-steps" });
  const end = element("div", { class: "ds-end" });
  const root = element(
    "section",
    { class: "ds-panel", "aria-label": `${section.title}, from this page` },
    element("div", { class: "ds-head" }, element("span", { class: "ds-standing" }, state, since), element("span", { class: "ds-buttons" }, ...buttons, stop)),
    now, asked, end, steps,
  );
  let shown = null;
  let askedKey = "";

  const sections = () => (section.slug ? [section.slug] : []);

  async function start(mode) {
    say(null);
    try {
      await context.start(mode, sections());
    } catch (problem) {
      say(problem);
    }
  }

  function say(problem) {
    end.replaceChildren(...(problem ? [errorBox(problem)] : []));
  }

  function errorBox({ message, hint, entry }) {
    const help = entry ? entryButton(entry, context.environment(), sections()) : "";
    return element("div", { class: "ds-error", role: "alert" }, element("p", {}, message), hint ? element("p", { class: "ds-hint" }, hint) : "", help);
  }

  function setState(known) {
    state.textContent = known ? `${STATES[known.state]} ${known.state}` : "";
    state.dataset.state = known ? known.state : "";
    since.textContent = known && known.since ? `${known.why}, ${when(known.since)}` : "";
  }

  function show() {
    const environment = context.environment();
    const run = runs.latestOf(section.slug, environment);
    const busy = runs.goingOn(environment);
    buttons.forEach((each) => (each.disabled = Boolean(busy)));
    const here = Boolean(run) && (section.slug ? !run.whole : true);
    stop.hidden = !(run && !run.ended && run.own && here);
    if (run !== shown) {
      shown = run;
      askedKey = "";
      steps.replaceChildren();
      end.replaceChildren();
    }
    root.classList.toggle("ds-busy", Boolean(run && !run.ended));
    if (run) {
      showNow(run);
      (section.slug ? showSteps : showSections)(run);
      showAsked(run, here);
      showEnd(run, here);
    } else {
      now.textContent = "";
      asked.replaceChildren();
    }
  }

  function showNow(run) {
    const result = run.results[section.slug];
    const where = run.own ? "" : ", started elsewhere";
    if (run.ended) {
      now.textContent = ended(run, result, where);
    } else if (!Object.keys(run.results).length) {
      now.textContent = `${name(run.mode)}: starting …`;
    } else if (section.slug) {
      now.textContent = result ? `${name(run.mode)}${where}: ${WORDS[result.status]}${result.waits ? `, ${result.waits}` : ""}` : "";
    } else {
      const results = Object.values(run.results);
      const done = results.filter((each) => !["waiting", "running"].includes(each.status)).length;
      now.textContent = `${name(run.mode)}${where}: ${done} of ${results.length} sections`;
    }
  }

  function ended(run, result, where) {
    if (run.refused || !Object.keys(run.results).length) {
      return "";
    }
    if (section.slug) {
      return result ? `${name(run.mode)}${where}: ${WORDS[result.status]}${result.seconds ? ` in ${result.seconds.toFixed(1)} s` : ""}` : "";
    }
    const passed = Object.values(run.results).filter((each) => each.status === "passed").length;
    return `${name(run.mode)}${where}: ${passed} of ${run.sections.length} sections passed`;
  }

  const name = (mode) => ({ "dry-run": "Dry run", plan: "Plan", apply: "Apply", verify: "Verify", destroy: "Destroy" })[mode];

  function showSections(run) {
    steps.replaceChildren(
      ...run.sections.filter((slug) => run.results[slug]).map((slug) => {
        const result = run.results[slug];
        const link = element("a", { href: `#${slug}` }, context.title(slug));
        const said = result.error ? result.error.message : result.waits || (result.status === "running" ? context.step(slug, result.now) : "");
        return element("li", { class: `ds-step ds-${result.status}` }, mark(result.status), link, said ? element("span", { class: "ds-small" }, ` ${said}`) : "");
      }),
    );
  }

  // A step is drawn again only where something of it has changed: a reader may have marked its text.
  function showSteps(run) {
    const result = run.results[section.slug];
    const lines = result ? section.steps.map((step) => stepOf(step, result)).filter(Boolean) : [];
    lines.forEach(([key, draw], at) => {
      const there = steps.children[at];
      if (!there || there.dataset.key !== key) {
        const made = draw();
        made.dataset.key = key;
        there ? there.replaceWith(made) : steps.append(made);
      }
    });
    while (steps.children.length > lines.length) {
      steps.lastChild.remove();
    }
  }

  function stepOf(step, result) {
    const cells = step.cells.map((id) => result.cells[id]).filter(Boolean);
    const failed = cells.some((cell) => cell.state === "failed");
    const whole = cells.length >= step.cells.length && cells.every((cell) => cell.state === "passed");
    const goesOn = result.status === "running" && step.cells.includes(result.now) && !whole;
    const status = failed ? "failed" : whole ? "passed" : goesOn ? "running" : "waiting";
    const events = cells.flatMap((cell) => cell.events);
    const waits = goesOn ? result.waits : "";
    if (!step.cells.length || (!events.length && status === "passed" && !step.title)) {
      return null;
    }
    const draw = () =>
      element(
        "li",
        { class: `ds-step ds-${status}`, "data-box": step.box },
        mark(status),
        element("b", {}, step.title),
        events.length ? element("ul", { class: "ds-lines" }, ...events.map(eventLine)) : "",
        waits ? element("p", { class: "ds-waits" }, `… ${waits}`) : "",
      );
    return [JSON.stringify([status, events.length, waits, result.status]), draw];
  }

  function mark(status) {
    return element("span", { class: "ds-mark", role: "img", "aria-label": WORDS[status] }, MARKS[status]);
  }

  function eventLine(event) {
    const word = ["passed", "failed"].includes(event.outcome) ? "" : `${DONE[event.outcome] || event.outcome} `;
    const sign = element("span", { class: "ds-sign", role: "img", "aria-label": event.outcome }, SIGNS[event.outcome] || "·");
    const detail = event.detail ? element("span", { class: "ds-detail" }, ` — ${event.detail}`) : "";
    const help = event.entry && event.outcome === "failed" ? entryButton(event.entry, context.environment(), [section.slug]) : "";
    return element("li", { class: `ds-line ds-is-${event.outcome.replaceAll(" ", "-")}` }, sign, " ", word, event.subject, detail, help ? " " : "", help);
  }

  function showAsked(run, here) {
    const key = here && run.question ? `question ${run.question.question}` : here && run.ended && run.missing ? "missing" : "";
    if (key === askedKey) {
      return;
    }
    askedKey = key;
    const form = key.startsWith("question") ? questionOf(run) : key === "missing" ? missingOf(run, context.credentials(), () => (context.refresh(), start(run.asked))) : null;
    asked.replaceChildren(...(form ? [form] : []));
    if (form && context.isNew(run)) {
      form.querySelector("h3").focus();
    }
  }

  function showEnd(run, here) {
    const result = run.results[section.slug];
    const boxes = [];
    if (section.slug && result && result.error) {
      boxes.push(errorBox(result.error));
    }
    if (here && run.ended) {
      // A form asks for all of it, and says what each is for.
      if (run.refused && !asked.children.length) {
        boxes.push(errorBox(run.refused));
      }
      if (run.ended.words) {
        boxes.push(errorBox({ message: "The run ended before its time.", hint: run.ended.words }));
      }
      if (run.mode === "plan" && run.plan === null && run.outcome.length === 0 && run.asked === "apply" && !run.refused && !boxes.length) {
        boxes.push(element("p", {}, "Nothing was changed."));
      }
      if (run.outcome.length) {
        boxes.push(element("details", { class: "ds-outcome", open: !section.slug }, element("summary", {}, "What came of it"), element("pre", { tabindex: 0 }, run.outcome.join("\n"))));
      }
    }
    const key = JSON.stringify([result && result.error, run.ended, run.refused, Boolean(asked.children.length)]);
    if (end.dataset.key !== key && (boxes.length || run.ended)) {
      end.dataset.key = key;
      end.replaceChildren(...boxes);
    }
  }

  return { root, show, setState, clock };
}
