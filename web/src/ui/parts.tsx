// Small parts that several pages use.

import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Icon } from "./icons";

export function Field(props: {
  label: string;
  hint?: ComponentChildren;
  error?: string | undefined;
  children: (attributes: {
    id: string;
    "aria-describedby": string;
    "aria-invalid": boolean;
  }) => ComponentChildren;
}) {
  const id = useId();
  const error = props.error ?? "";
  return (
    <div class="field">
      <label for={id}>
        <b style="font-weight:500">{props.label}</b>
      </label>
      {props.children({ id, "aria-describedby": `${id}-note`, "aria-invalid": error !== "" })}
      <small id={`${id}-note`} class={error !== "" ? "error-text" : ""}>
        {error !== "" ? error : props.hint}
      </small>
    </div>
  );
}

async function copyText(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  // Plain http on another machine has no clipboard interface; the old way still works there.
  const area = document.createElement("textarea");
  area.value = text;
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

export function CopyButton({
  text,
  label = "Copy",
  small = false,
}: {
  text: string;
  label?: string;
  small?: boolean;
}) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 1600);
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <button
      type="button"
      class={`button quiet${small ? " small" : ""}`}
      onClick={() =>
        void copyText(text).then(
          () => setDone(true),
          () => toast("The browser refused to copy", true),
        )
      }
    >
      <Icon name={done ? "check" : "copy"} />
      <span aria-live="polite">{done ? "Copied" : label}</span>
    </button>
  );
}

export function CopyLine({ text, wrap = false }: { text: string; wrap?: boolean }) {
  return (
    <div class={`copy-line${wrap ? " wrap" : ""}`}>
      <code tabIndex={0}>{text}</code>
      <CopyButton text={text} />
    </div>
  );
}

// A button that opens a list below or above itself; closed by choice, Escape or a click elsewhere.
export function Menu(props: {
  label: string;
  button: ComponentChildren;
  buttonClass: string;
  align?: "left" | "right";
  children: ComponentChildren;
}) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (!root.current!.contains(event.target as Node)) setOpen(false);
    };
    const escape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      setOpen(false);
      button.current?.focus();
    };
    addEventListener("pointerdown", outside);
    addEventListener("keydown", escape);
    return () => {
      removeEventListener("pointerdown", outside);
      removeEventListener("keydown", escape);
    };
  }, [open]);
  return (
    <div class="menu" ref={root}>
      <button
        ref={button}
        type="button"
        class={props.buttonClass}
        aria-label={props.label}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {props.button}
      </button>
      {open && (
        <div
          class="menu-list"
          style={props.align === "right" ? "right:0" : undefined}
          onClick={(event) => {
            if ((event.target as Element).closest("[data-keep]") === null) setOpen(false);
          }}
        >
          {props.children}
        </div>
      )}
    </div>
  );
}

export function Segments<T extends string>(props: {
  label: string;
  value: T;
  choices: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
}) {
  return (
    <div class="segments" role="group" aria-label={props.label}>
      {props.choices.map(([value, text]) => (
        <button
          key={value}
          type="button"
          aria-pressed={value === props.value}
          onClick={() => props.onChange(value)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

export function SearchInput(props: {
  label: string;
  value: string;
  placeholder?: string;
  main?: boolean;
  finds?: string; // selects what the down arrow goes to
  onInput: (text: string) => void;
}) {
  return (
    <span class="search">
      <Icon name="search" />
      <input
        class="input"
        type="search"
        aria-label={props.label}
        placeholder={props.placeholder ?? props.label}
        value={props.value}
        autocomplete="off"
        spellcheck={false}
        data-main-search={props.main === true ? "" : undefined}
        onInput={(event) => props.onInput(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape" && props.value !== "") {
            event.preventDefault();
            props.onInput("");
          } else if (event.key === "ArrowDown" && props.finds !== undefined) {
            event.preventDefault();
            document.querySelector<HTMLElement>(props.finds)?.focus();
          }
        }}
      />
    </span>
  );
}

const toasts = signal<{ id: number; text: string; bad: boolean }[]>([]);
let nextToast = 1;

export function toast(text: string, bad = false): void {
  const id = nextToast++;
  toasts.value = [...toasts.value, { id, text, bad }];
  setTimeout(() => (toasts.value = toasts.value.filter((one) => one.id !== id)), bad ? 8000 : 3500);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((one) => (
        <div key={one.id} class={`toast${one.bad ? " bad" : ""}`}>
          {one.text}
        </div>
      ))}
    </div>
  );
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function ErrorNote({ error }: { error: string }) {
  return error === "" ? null : (
    <p class="note bad" role="alert">
      {error}
    </p>
  );
}

// Names with what they stand for, one a line.
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: string])[] }) {
  return (
    <dl class="facts">
      {facts.map(([name, value], i) => (
        <div key={`${i} ${name}`}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
