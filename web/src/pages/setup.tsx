// The first visit: makes the first user, organisation and bucket, then shows the operator token once.

import { useState } from "preact/hooks";
import { api } from "../lib/api";
import { kRetentions, retentionText } from "../lib/retention";
import { enter, stage } from "../lib/session";
import { CopyLine, ErrorNote, Field } from "../ui/parts";
import { useForm } from "../ui/work";
import { Gate, UsernameField } from "./gate";

// InfluxDB's clients and tools take passwords of this size and up.
const kPasswordMin = 8;

export function SetupPage() {
  const [mismatch, setMismatch] = useState("");
  const [token, setToken] = useState("");
  const { error, busy, submit } = useForm(async (form) => {
    const text = (name: string) => String(form.get(name) ?? "");
    const same = text("password") === text("again");
    setMismatch(same ? "" : "The two passwords differ.");
    if (!same) return;
    const made = await api.setup({
      username: text("username").trim(),
      password: text("password"),
      org: text("org").trim(),
      bucket: text("bucket").trim(),
      retentionPeriodSeconds: Number(text("retention")),
    });
    await api.signIn(text("username").trim(), text("password"));
    setToken(made.auth.token ?? "");
  });

  if (token !== "") return <OperatorToken token={token} />;
  return (
    <Gate>
      <div>
        <h1>Welcome</h1>
        <p class="gate-lead">One minute, and your first sensor can report here.</p>
      </div>
      <form onSubmit={submit}>
        <UsernameField />
        <div class="pair">
          <Field label="Password" hint={`At least ${kPasswordMin} characters`}>
            {(attributes) => (
              <input
                {...attributes}
                class="input"
                name="password"
                type="password"
                autocomplete="new-password"
                minlength={kPasswordMin}
                required
              />
            )}
          </Field>
          <Field label="Password again" error={mismatch}>
            {(attributes) => (
              <input
                {...attributes}
                class="input"
                name="again"
                type="password"
                autocomplete="new-password"
                required
              />
            )}
          </Field>
        </div>
        <Field label="Organisation" hint="A name for whose data this is, such as home or acme">
          {(attributes) => (
            <input {...attributes} class="input" name="org" defaultValue="home" required />
          )}
        </Field>
        <div class="pair">
          <Field label="Bucket" hint="Where messages are stored">
            {(attributes) => (
              <input {...attributes} class="input" name="bucket" defaultValue="sensors" required />
            )}
          </Field>
          <Field label="Keep data" hint="Can be changed later">
            {(attributes) => (
              <select {...attributes} class="select" name="retention">
                {kRetentions.map((seconds) => (
                  <option key={seconds} value={seconds}>
                    {retentionText(seconds)}
                  </option>
                ))}
              </select>
            )}
          </Field>
        </div>
        <ErrorNote error={error} />
        <button class="button primary" disabled={busy}>
          {busy ? "Setting up…" : "Set up"}
        </button>
      </form>
    </Gate>
  );
}

function OperatorToken({ token }: { token: string }) {
  return (
    <Gate>
      <h1>Your operator token</h1>
      <p>
        Programs use it in place of your password; it may do everything. It is shown <b>only now</b>
        : keep it where you keep passwords. Tokens that may do less can be made at any time under
        Tokens.
      </p>
      <CopyLine text={token} wrap />
      <button
        type="button"
        class="button primary"
        autofocus
        onClick={() =>
          void enter().catch(() => {
            stage.value = "unreachable";
          })
        }
      >
        I have saved it
      </button>
    </Gate>
  );
}
