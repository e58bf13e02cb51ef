import { useState } from "preact/hooks";
import { api, ApiError } from "../lib/api";
import { enter } from "../lib/session";
import { Logo } from "../ui/icons";
import { Field, messageOf } from "../ui/parts";

export function SignInPage() {
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setError("");
    try {
      await api.signIn(String(form.get("username")), String(form.get("password")));
      await enter();
    } catch (failed) {
      const refused = failed instanceof ApiError && failed.status === 401;
      setError(refused ? "That username and password do not match." : messageOf(failed));
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="gate">
      <div class="gate-card">
        <div class="brand">
          <Logo size={32} /> weir
        </div>
        <h1>Sign in</h1>
        <form onSubmit={(event) => void submit(event)}>
          <Field label="Username">
            {(attributes) => (
              <input
                {...attributes}
                class="input"
                name="username"
                autocomplete="username"
                required
                autofocus
              />
            )}
          </Field>
          <Field label="Password">
            {(attributes) => (
              <input
                {...attributes}
                class="input"
                name="password"
                type="password"
                autocomplete="current-password"
                required
              />
            )}
          </Field>
          {error !== "" && (
            <p class="note bad" role="alert">
              {error}
            </p>
          )}
          <button class="button primary" disabled={busy}>
            {busy ? "Signing in…" : "Sign in"}
          </button>
        </form>
      </div>
    </main>
  );
}
