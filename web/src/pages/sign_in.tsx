import { api, ApiError } from "../lib/api";
import { enter } from "../lib/session";
import { ErrorNote, Field } from "../ui/parts";
import { useForm } from "../ui/work";
import { Gate, UsernameField } from "./gate";

export function SignInPage() {
  const { error, busy, submit } = useForm(async (form) => {
    try {
      await api.signIn(String(form.get("username")), String(form.get("password")));
    } catch (failed) {
      if (failed instanceof ApiError && failed.status === 401)
        throw new Error("That username and password do not match.");
      throw failed;
    }
    await enter();
  });
  return (
    <Gate>
      <h1>Sign in</h1>
      <form onSubmit={submit}>
        <UsernameField />
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
        <ErrorNote error={error} />
        <button class="button primary" disabled={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </button>
      </form>
    </Gate>
  );
}
