// What an administrator must do before the runner can register.

import { html, type Content, type Html } from "./html.ts";
import type { PageView } from "./view.ts";
import { link } from "./format.ts";

interface SettingHelp {
  readonly what: string;
  readonly example: string;
}

const settings = new Map<string, SettingHelp>([
  ["AUTOMN_HOST_URL", { what: "The address of your Automn host, as this machine reaches it.", example: "https://automn.example.com" }],
  ["AUTOMN_RUNNER_ID", { what: "The id of the runner host that you created in Automn’s settings.", example: "build-01" }],
  [
    "AUTOMN_RUNNER_PUBLIC_URL",
    { what: "The address of this runner, as the Automn host reaches it.", example: "http://runner.example.com:3030" },
  ],
  [
    "AUTOMN_RUNNER_ENDPOINT_URL",
    {
      what: "The address to which the Automn host sends jobs, as it reaches this runner.",
      example: "http://runner.example.com:3030/api/run",
    },
  ],
]);

/** Lists the missing settings, each with its meaning and an example; nothing if none is missing. */
export function missingSettingsCard(missing: readonly (readonly string[])[]): Content {
  if (missing.length === 0) return null;
  return html`<section class="card" aria-labelledby="missing">
  <h2 id="missing">Add to the runner’s environment</h2>
  <p>Set ${missing.length === 1 ? "this variable" : "these variables"} where the runner is started, then restart it.</p>
  <ul class="settings">${missing.map(missingSetting)}</ul>
</section>`;
}

/** One variable, or several of which one is enough. */
function missingSetting(names: readonly string[]): Html {
  return html`<li>${names.map((name, index) => html`${index > 0 && html` <span>or</span> `}${variable(name)}`)}</li>`;
}

function variable(name: string): Html {
  const setting = settings.get(name);
  return html`<code class="name">${name}</code>${
    setting && html` <span>${setting.what}</span> <span class="aside">For example <code>${name}=${setting.example}</code></span>`
  }`;
}

/** Shows the form for the secret with the steps that lead to it, or says why there is no form. */
export function secretSetup(view: PageView): Content {
  if (view.form) return form(view);
  const { secretSource, registeredAt, secretConfigured } = view.runner;
  if (secretSource === "environment") return registeredAt ? null : fromEnvironment;
  return secretConfigured ? null : closed;
}

function form(view: PageView): Html {
  return html`<section class="card setup" aria-labelledby="setup">${view.runner.secretConfigured ? another(view) : steps(view)}</section>`;
}

function steps(view: PageView): Html {
  return html`
  <h2 id="setup">Three steps to the first job</h2>
  <ol class="steps">
    <li><h3>Create the runner host</h3>
      <p>In the settings of ${automn(view)}, add a runner host.${
        view.runner.runnerId && html` Its id has to be the one that this runner was started with: <code>${view.runner.runnerId}</code>.`
      }</p></li>
    <li><h3>Copy its secret</h3>
      <p>Automn shows the secret when the runner host is created. If it is lost, issue a new one there.</p></li>
    <li><h3>Paste it here</h3>
      ${fields(view, "At least 12 characters. It is stored on this runner and not shown again.")}</li>
  </ol>
`;
}

function another(view: PageView): Html {
  return html`
  <h2 id="setup">If it is the secret</h2>
  <p>Compare it with that of the runner host${
    view.runner.runnerId && html` <code>${view.runner.runnerId}</code>`
  } in the settings of ${automn(view)}, or issue a new one there, and enter it here.</p>
  ${fields(view, "What you enter replaces the secret that is stored on this runner.")}
`;
}

function fields({ outcome, runner }: PageView, hint: string): Html {
  const marked = outcome?.ok === false && (outcome.secretAtFault ?? !runner.secretConfigured);
  return html`<form method="post" action="/ui/register" autocomplete="off">
        <label for="secret">Runner secret</label>
        <div class="field">
          <input id="secret" name="secret" type="password" required minlength="12" autocomplete="off" autocapitalize="none"
            spellcheck="false" aria-describedby="hint${marked && " outcome"}"${marked && html` aria-invalid="true"`}>
          <button type="submit">Register this runner</button>
        </div>
        <p class="hint" id="hint">${hint}</p>
      </form>`;
}

function automn(view: PageView): Html {
  return view.runner.hostUrl ? html`Automn (${link(view.runner.hostUrl)})` : html`your Automn host`;
}

const fromEnvironment = html`<section class="card" aria-labelledby="setup">
  <h2 id="setup">The secret comes from the environment</h2>
  <p>So there is nothing to enter here. To change it, change <code>AUTOMN_RUNNER_SECRET</code>, or the file that
    <code>AUTOMN_RUNNER_SECRET_FILE</code> names, and restart the runner.</p>
</section>`;

const closed = html`<section class="card" aria-labelledby="setup">
  <h2 id="setup">The form is closed</h2>
  <p>This runner was registered before, so a new secret is not accepted here. To open the form again, stop the runner, remove
    its state file and start it; or set the secret through <code>/internal/reset</code> with the reset token.</p>
</section>`;
