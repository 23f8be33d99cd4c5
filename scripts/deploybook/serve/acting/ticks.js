// What a run has done is ticked in the checklist, and the tracking table shows how the clouds have the variables.

import { button } from "./dom.js";
import { ask } from "./server.js";

export function drawTicks(run, line, sections, store) {
  const section = sections.find((each) => each.slug === line.section);
  if (!section) {
    return;
  }
  const tick = (box, on) => document.getElementById(`step-${section.slug}-${box}`) && store.tick(`step-${section.slug}-${box}`, on);
  const result = run.results[section.slug];
  if (run.mode === "apply" && line.kind === "cell_done") {
    const step = section.steps.find((each) => each.cells.includes(line.cell));
    if (step && step.cells.every((cell) => result.cells[cell]?.state === "passed")) {
      tick(step.box, true);
    }
  }
  if (line.kind === "section_done" && ["apply", "verify"].includes(run.mode)) {
    tick("verified", line.status === "passed");
  }
  if (line.kind === "section_done" && run.mode === "destroy" && line.status === "passed") {
    [...section.steps.map((step) => step.box), "verified"].forEach((box) => tick(box, false));
  }
}

export async function refreshTracking(environment) {
  const { tracking } = window.deploybook;
  if (tracking?.take) {
    const found = await ask("status", { environment }).catch((problem) => ({ error: `${problem.message} ${problem.hint || ""}` }));
    const told = document.getElementById("db-tracking-message");
    if (found.error) {
      told.textContent = found.error;
    } else {
      tracking.take(JSON.stringify(found), "the clouds");
    }
  }
}

// The command that the page shows is done by the page here.
const command = document.getElementById("db-status-command");
if (command) {
  command.after(button("Ask the clouds", () => refreshTracking(window.deploybook.store.current()), { class: "db-button ds-go" }));
}
