// A message's payload as a person reads it: JSON laid out, text as it is, anything else in hex.

import { useMemo } from "preact/hooks";
import { bytes } from "../lib/format";

export interface PayloadText {
  payload: string | null;
  payloadBase64?: string;
  cut?: boolean;
}

const kHexRow = 8;

export function Payload({ message }: { message: PayloadText }) {
  const text = useMemo(() => readable(message), [message]);
  const size =
    message.payload === null
      ? atob(message.payloadBase64 ?? "").length
      : new TextEncoder().encode(message.payload).length;
  return (
    <>
      <pre
        class={`payload${message.payload === null ? " hex" : ""}`}
        tabIndex={0}
        aria-label="Payload"
      >
        {text}
      </pre>
      <p class="table-foot">
        {bytes(size)}
        {message.cut === true ? ", cut here: the message was longer" : ""}
      </p>
    </>
  );
}

export function readable(message: PayloadText): string {
  if (message.payload === null) return hexDump(message.payloadBase64 ?? "");
  const trimmed = message.payload.trim();
  if (!/^[[{]/.test(trimmed)) return message.payload;
  try {
    return JSON.stringify(JSON.parse(trimmed), null, 2);
  } catch {
    return message.payload;
  }
}

function hexDump(base64: string): string {
  const raw = atob(base64);
  const lines: string[] = [];
  for (let at = 0; at < raw.length; at += kHexRow) {
    const part = raw.slice(at, at + kHexRow);
    const hex = [...part].map((c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join(" ");
    const seen = part.replace(/[^\x20-\x7e]/g, "·");
    lines.push(`${at.toString(16).padStart(4, "0")}  ${hex.padEnd(kHexRow * 3 - 1)}  ${seen}`);
  }
  return lines.join("\n");
}
