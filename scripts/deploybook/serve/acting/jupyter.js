// A runbook opens in the operator's own JupyterLab, in a tab of its own. Only a press may open one, so it is opened before the answer is there.

import { button, element } from "./dom.js";
import { ask } from "./server.js";

const RUNBOOK = /\/runbooks\/([a-z0-9_]+)\.html$/;

export function placeJupyter() {
  const match = RUNBOOK.exec(location.pathname);
  for (const link of match ? document.querySelectorAll(".md-content a.md-button[href='#jupyterlab']") : []) {
    const status = element("p", { class: "ds-small", role: "status" });
    const open = button(link.textContent, () => start(match[1], open, status), { class: "md-button ds-jupyter" });
    link.closest("p").after(status);
    link.replaceWith(open);
  }
}

async function start(notebook, open, status) {
  const tab = window.open("about:blank", "_blank");
  if (tab) {
    tab.opener = null;
  }
  open.disabled = true;
  status.textContent = "Starting JupyterLab …";
  try {
    const address = (await ask("jupyter", { notebook })).open;
    if (tab) {
      tab.location.replace(address);
      status.textContent = "JupyterLab shows a copy of this runbook in another tab: what you change and save there leaves your checkout as it is. It has your shell's credentials, and none that you typed into these pages.";
    } else {
      status.replaceChildren(element("a", { href: address, target: "_blank", rel: "noopener" }, "Open it in a tab"));
    }
  } catch (problem) {
    tab?.close();
    status.textContent = `${problem.message} ${problem.hint || ""}`;
  } finally {
    open.disabled = false;
  }
}
