"""What the checklist offers a reader at work: its environments, how far they are, and the tracking of the variables.

All of it is hidden until the page's script takes it up: without one the checklist is a page to read and to print.
"""

from __future__ import annotations

import html

from deploybook.contract.definitions import Variable
from deploybook.guide.guide import Guide
from deploybook.guide.markdown import table
from deploybook.site.variables import columns

_TOOLBAR = """\
<div class="db-toolbar db-scripted" id="db-toolbar" role="region" aria-label="Your progress">
<fieldset class="db-row db-ways">
<legend class="db-out-of-sight">How you deploy</legend>
<label class="db-choice"><input type="radio" name="db-way" id="db-way-runbook" value="runbook"/> By runbook: commands do it</label>
<label class="db-choice"><input type="radio" name="db-way" id="db-way-hand" value="hand"/> By hand: every step in its dashboard</label>
</fieldset>
<div class="db-row">
<label for="db-environment">Environment</label>
<select id="db-environment"></select>
<button type="button" class="db-button" id="db-copy" aria-expanded="false" aria-controls="db-copying">Copy for another…</button>
<button type="button" class="db-button" id="db-forget">Forget this one…</button>
<button type="button" class="db-button" id="db-print">Print</button>
</div>
<form class="db-row" id="db-copying" hidden>
<label for="db-new">Name of the new environment</label>
<input type="text" id="db-new" autocomplete="off" autocapitalize="off" spellcheck="false" aria-describedby="db-new-problem"/>
<button type="submit" class="db-button">Copy the names</button>
<span class="db-problem" id="db-new-problem" role="alert"></span>
</form>
<div class="db-row">
<progress id="db-overall" max="1" value="0" aria-label="Steps done"></progress>
<span id="db-overall-text"></span>
<label class="db-choice"><input type="checkbox" id="db-collapse"/> Collapse what is done</label>
</div>
<p class="db-message" id="db-message" role="status"></p>
<p class="db-small">Ticks, names and states are kept in this browser, for each environment. Nothing is sent anywhere, and nothing secret is
asked for: no token, no key, no password.</p>
</div>
"""

_IMPORT = """\
<div class="db-toolbar db-scripted" id="db-tracking" role="region" aria-label="State of the variables">
<p>Tick what is set. Or let the clouds say: run the command, then drop its file anywhere on this page, choose it, or paste it.</p>
<pre id="db-status-command"><code>deploybook env status{slot} --json &gt; status.json</code></pre>
<div class="db-row">
<input type="file" id="db-file" class="db-out-of-sight" accept=".json,application/json"/>
<label class="db-button" for="db-file">Choose the file</label>
<button type="button" class="db-button" id="db-paste" aria-expanded="false" aria-controls="db-pasting">Paste</button>
<button type="button" class="db-button" id="db-csv">Save as CSV</button>
<button type="button" class="db-button" id="db-json">Save as JSON</button>
<label class="db-choice"><input type="checkbox" id="db-left"/> Only what is left</label>
</div>
<form id="db-pasting" hidden>
<label for="db-pasted">The JSON that <code>deploybook env status --json</code> printed</label>
<textarea id="db-pasted" rows="4" autocomplete="off" spellcheck="false"></textarea>
<button type="submit" class="db-button">Take it over</button>
</form>
<p class="db-message" id="db-tracking-message" role="status"></p>
</div>
"""


def toolbar(_: Guide) -> str:
    """The bar with the environment, the progress and the printing."""
    return _TOOLBAR


def nothing_yet(*_: object) -> str:
    """For the repository, where no script runs."""
    return "_The published page keeps your ticks and your names here, for each environment._\n"


def tracking_form(guide: Guide) -> str:
    """The contract's variables, each with a box for every place that needs it, and a control that ticks all of them."""
    slot = '<span class="db-options" data-names="ENVIRONMENT"></span>'
    rows = [_row(guide, variable) for variable in guide.contract.variables]
    headings = ("Variable", "Produced by", "Known", "Set at", "Secret")
    return f'{_IMPORT.format(slot=slot)}\n<div class="db-dense" markdown="1">\n\n{table(headings, rows)}\n</div>\n'


def _row(guide: Guide, variable: Variable) -> list[str]:
    name, producer, secrecy, purpose = columns(guide, variable)
    places = " ".join(
        _box(variable.name, consumer.name, consumer.plain_title)
        for consumer in guide.contract.consumers
        if consumer.name in variable.consumers
    )
    in_vault = "" if variable.value is not None or variable.same_as else _box(variable.name, "vault", "known")
    return [f"{name}<br/><small>{purpose}</small>", producer, in_vault, places, secrecy]


def _box(variable: str, place: str, title: str) -> str:
    identity = f"set-{variable}-{place}".lower().replace(":", "-")
    return (
        f'<label class="db-place"><input type="checkbox" id="{identity}" disabled data-variable="{variable}" data-place="{place}" '
        f'aria-label="{html.escape(f"{variable}: {title}")}"/> {html.escape(title)}<span class="db-status"></span></label>'
    )
