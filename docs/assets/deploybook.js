// What scrolls sideways can be reached by the keyboard, on every device: the theme sees to it only where a mouse can hover.
function reachable() {
  for (const area of document.querySelectorAll(".md-typeset pre > code, .md-typeset__scrollwrap, .db-output")) {
    if (area.scrollWidth > area.clientWidth) {
      area.tabIndex = 0;
    } else {
      area.removeAttribute("tabindex");
    }
  }
}

addEventListener("load", reachable);
addEventListener("resize", reachable);
