// The frame of what is seen before anybody is signed in.

import type { ComponentChildren } from "preact";
import { Logo } from "../ui/icons";
import { Field } from "../ui/parts";

export function Gate({ children }: { children: ComponentChildren }) {
  return (
    <main class="gate">
      <div class="gate-card">
        <div class="brand">
          <Logo size={32} /> weir
        </div>
        {children}
      </div>
    </main>
  );
}

export function UsernameField() {
  return (
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
  );
}
