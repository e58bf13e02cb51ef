// CodeMirror with Flux: colours, completion of the functions people use, Ctrl+Enter, error marks.

import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  type CompletionContext,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, toggleComment } from "@codemirror/commands";
import {
  bracketMatching,
  HighlightStyle,
  indentUnit,
  syntaxHighlighting,
} from "@codemirror/language";
import { EditorState, Prec, StateEffect, StateField, type Text } from "@codemirror/state";
import { Decoration, EditorView, keymap, lineNumbers, type DecorationSet } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { ErrorPlace } from "../../lib/flux";
import { flux, kFluxFunctions } from "./flux_language";

export interface CodeEditor {
  setText: (text: string) => void;
  markError: (place: ErrorPlace | null) => void;
  destroy: () => void;
}

const look = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--code-keyword)" },
  { tag: [tags.string, tags.regexp], color: "var(--code-string)" },
  { tag: [tags.number, tags.literal], color: "var(--code-number)" },
  { tag: tags.function(tags.variableName), color: "var(--code-function)" },
  { tag: tags.propertyName, color: "var(--code-property)" },
  { tag: tags.operator, color: "var(--text-faint)" },
  { tag: tags.comment, color: "var(--text-faint)", fontStyle: "italic" },
]);

const frame = EditorView.theme({
  "&": { backgroundColor: "transparent", color: "var(--text)" },
  "&.cm-focused": { outline: "none" },
  ".cm-content": {
    fontFamily: "var(--mono)",
    fontSize: "12.5px",
    lineHeight: "20px",
    padding: "12px 0",
    caretColor: "var(--text)",
  },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-line": { padding: "0 12px 0 8px" },
  ".cm-gutters": {
    backgroundColor: "transparent",
    color: "var(--text-faint)",
    border: "0",
    fontFamily: "var(--mono)",
    fontSize: "12px",
  },
  ".cm-lineNumbers .cm-gutterElement": {
    padding: "0 4px 0 16px",
    minWidth: "36px",
    lineHeight: "20px",
  },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground, .cm-content ::selection": {
    backgroundColor: "var(--flash)",
  },
  "&.cm-focused .cm-matchingBracket": {
    backgroundColor: "var(--accent-wash)",
    outline: "1px solid var(--accent)",
  },
  ".cm-tooltip": {
    backgroundColor: "var(--raised)",
    border: "1px solid var(--hairline)",
    borderRadius: "6px",
    overflow: "hidden",
  },
  ".cm-tooltip-autocomplete ul li": {
    padding: "2px 8px",
    fontFamily: "var(--mono)",
    fontSize: "12.5px",
  },
  ".cm-tooltip-autocomplete ul li[aria-selected]": {
    backgroundColor: "var(--accent-wash)",
    color: "var(--text)",
  },
  ".cm-completionDetail": { color: "var(--text-faint)", fontStyle: "normal" },
  ".cm-error": {
    textDecoration: "underline wavy var(--bad)",
    textUnderlineOffset: "3px",
    backgroundColor: "var(--bad-wash)",
  },
});

const setError = StateEffect.define<ErrorPlace | null>();

// Flux counts columns in bytes from 1; scripts are nearly always ASCII, so characters serve.
function offset(doc: Text, line: number, column: number): number {
  const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
  return Math.min(at.from + Math.max(column - 1, 0), at.to);
}

function errorMark(doc: Text, place: ErrorPlace): DecorationSet {
  let from = offset(doc, place.line, place.column);
  let to = offset(doc, place.endLine, place.endColumn);
  if (to <= from) {
    const line = doc.lineAt(from);
    from = from === line.to ? line.from : from;
    to = line.to;
  }
  return to > from
    ? Decoration.set([Decoration.mark({ class: "cm-error" }).range(from, to)])
    : Decoration.none;
}

const errorField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let next = transaction.docChanged ? Decoration.none : marks;
    for (const effect of transaction.effects) {
      if (effect.is(setError))
        next =
          effect.value === null ? Decoration.none : errorMark(transaction.newDoc, effect.value);
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

function complete(context: CompletionContext) {
  const word = context.matchBefore(/[A-Za-z_][\w.]*/);
  if (word === null && !context.explicit) return null;
  return {
    from: word?.from ?? context.pos,
    options: kFluxFunctions.map(([label, detail]) => ({ label, detail, type: "function" })),
    validFor: /^[\w.]*$/,
  };
}

export function makeEditor(
  parent: HTMLElement,
  text: string,
  events: { onChange: (text: string) => void; onRun: () => void },
): CodeEditor {
  const run = () => {
    events.onRun();
    return true;
  };
  let quiet = false;
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        history(),
        bracketMatching(),
        closeBrackets(),
        indentUnit.of("  "),
        flux,
        syntaxHighlighting(look),
        frame,
        errorField,
        autocompletion({ override: [complete], icons: false }),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": "Flux script" }),
        Prec.highest(keymap.of([{ key: "Mod-Enter", run }])),
        keymap.of([
          ...closeBracketsKeymap,
          ...completionKeymap,
          ...historyKeymap,
          { key: "Mod-/", run: toggleComment },
          ...defaultKeymap,
        ]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !quiet) events.onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    setText(next) {
      const now = view.state.doc.toString();
      if (next === now) return;
      quiet = true;
      view.dispatch({ changes: { from: 0, to: now.length, insert: next } });
      quiet = false;
    },
    markError: (place) => view.dispatch({ effects: setError.of(place) }),
    destroy: () => view.destroy(),
  };
}
