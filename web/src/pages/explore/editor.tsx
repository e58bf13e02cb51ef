// The script. CodeMirror comes in a chunk of its own when this page is first opened; until it is
// there (or if it cannot load) a plain text area does the same.

import { useEffect, useRef, useState } from "preact/hooks";
import type { ErrorPlace } from "../../lib/flux";
import type { CodeEditor } from "./code_mirror";

interface Props {
  text: string;
  onChange: (text: string) => void;
  onRun: () => void;
  error: ErrorPlace | null;
}

export function Editor(props: Props) {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<CodeEditor | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const [ready, setReady] = useState(false);

  useEffect(() => {
    let gone = false;
    import("./code_mirror").then(
      ({ makeEditor }) => {
        if (gone) return;
        editor.current = makeEditor(host.current!, latest.current.text, {
          onChange: (text) => latest.current.onChange(text),
          onRun: () => latest.current.onRun(),
        });
        setReady(true);
      },
      () => undefined,
    );
    return () => {
      gone = true;
      editor.current?.destroy();
      editor.current = null;
    };
  }, []);
  useEffect(() => editor.current?.setText(props.text), [props.text, ready]);
  useEffect(() => editor.current?.markError(props.error), [props.error, ready]);

  return (
    <div class="editor">
      <div ref={host} />
      {!ready && (
        <textarea
          class="mono"
          aria-label="Flux script"
          spellcheck={false}
          value={props.text}
          rows={8}
          onInput={(event) => props.onChange(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
            event.preventDefault();
            props.onRun();
          }}
        />
      )}
    </div>
  );
}
