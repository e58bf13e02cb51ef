// Dialogs: what asks before something is done, and the buttons it ends with.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

// A modal dialog of the browser's own: it keeps the focus inside and closes on Escape.
export function Dialog(props: {
  title: string;
  onClose: () => void;
  class?: string;
  bare?: boolean;
  children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const gone = useRef(false);
  useEffect(() => {
    const element = dialog.current;
    if (element !== null && !element.open) element.showModal();
    return () => {
      // What closes it now is its parent; telling the parent would close what it opened instead.
      gone.current = true;
      element?.close();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={props.class}
      aria-label={props.title}
      onClose={() => gone.current || props.onClose()}
      onMouseDown={(event) => {
        if (event.target === event.currentTarget) event.currentTarget.close();
      }}
    >
      {props.bare === true ? (
        props.children
      ) : (
        <div class="dialog-body">
          <h2>{props.title}</h2>
          {props.children}
        </div>
      )}
    </dialog>
  );
}

// The way out and the way on. Without `onAct` the latter sends the form that this stands in.
export function DialogActions(props: {
  word: string; // what is done
  danger?: boolean;
  disabled?: boolean;
  onClose: () => void;
  onAct?: () => void;
}) {
  return (
    <div class="dialog-actions">
      <button type="button" class="button" onClick={props.onClose}>
        Cancel
      </button>
      <button
        type={props.onAct === undefined ? "submit" : "button"}
        class={`button ${props.danger === true ? "danger" : "primary"}`}
        disabled={props.disabled}
        onClick={props.onAct}
      >
        {props.word}
      </button>
    </div>
  );
}
