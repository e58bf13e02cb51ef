// What stands beside a list: the one that was chosen in it.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./icons";
import { ErrorNote } from "./parts";

// Without room for both it hides the list (clients.css).
export const hidesList = matchMedia("(max-width: 1000px)");

export function SideView(props: {
  label: string;
  title: string;
  state: ComponentChildren; // a line below the title
  action?: ComponentChildren; // beside it
  error?: string;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const view = useRef<HTMLElement>(null);
  useEffect(() => {
    // What had the focus is hidden now.
    if (hidesList.matches) view.current!.focus();
  }, []);
  return (
    <section class="client-view" aria-label={props.label} ref={view} tabIndex={-1}>
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
