// The retained messages that match what is typed, brought up to date every few seconds.

import { useEffect, useRef, useState } from "preact/hooks";
import { broker, type Retained, type RetainedList } from "../../lib/broker";
import { messageOf } from "../../ui/parts";

const kPage = 1000;
export const kShownMax = 5000; // beyond it a filter serves better than a tree
const kRefreshMs = 5000; // for each page: who retains thousands waits longer for news
const kTypingMs = 200;

// What is typed is a filter when it has a wildcard, else a part of the topic.
export function wanted(text: string): { filter: string; text: string } {
  return /[+#]/.test(text) ? { filter: text.trim(), text: "" } : { filter: "#", text: text.trim() };
}

export function useRetained(typed: string) {
  const [list, setList] = useState<RetainedList | null>(null);
  const [error, setError] = useState("");
  const running = useRef<AbortController | null>(null);
  const load = async () => {
    running.current?.abort();
    const stop = new AbortController();
    running.current = stop;
    try {
      let found: RetainedList | null = null;
      const messages: Retained[] = [];
      do {
        found = await broker.retained(
          { ...wanted(typed), after: messages.at(-1)?.topic ?? "", limit: kPage },
          stop.signal,
        );
        messages.push(...found.messages);
      } while (found.more && messages.length < kShownMax);
      setList({ ...found, messages });
      setError("");
    } catch (failed) {
      if (!stop.signal.aborted) setError(messageOf(failed));
    }
  };
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    const soon = setTimeout(() => void latest.current(), list === null ? 0 : kTypingMs);
    return () => clearTimeout(soon);
  }, [typed]);
  const pages = Math.max(1, Math.ceil((list?.messages.length ?? 0) / kPage));
  useEffect(() => {
    const again = () => !document.hidden && void latest.current();
    const timer = setInterval(again, kRefreshMs * pages);
    return () => clearInterval(timer);
  }, [pages]);
  useEffect(() => () => running.current?.abort(), []);
  return { list, error, reload: () => void latest.current() };
}
