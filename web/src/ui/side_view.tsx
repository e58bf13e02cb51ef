// What stands beside a list: the one that was chosen in it.

import type { ComponentChildren } from "preact";
import { Icon } from "./icons";
import { ErrorNote } from "./parts";

export function SideView(props: {
  label: string;
  title: string;
  state: ComponentChildren; // a line below the title
  action?: ComponentChildren; // beside it
  error?: string;
  onClose: () => void;
  children: ComponentChildren;
}) {
  return (
    <section class="client-view" aria-label={props.label}>
      <header class="client-head">
        <div>
          <h2>{props.title}</h2>
          {props.state}
        </div>
        {props.action}
        <button
          type="button"
          class="button quiet small icon"
          aria-label="Close"
          onClick={props.onClose}
        >
          <Icon name="close" />
        </button>
      </header>
      <ErrorNote error={props.error ?? ""} />
      {props.children}
    </section>
  );
}
