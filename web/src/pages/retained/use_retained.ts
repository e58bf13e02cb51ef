// The retained messages that match what is typed, brought up to date every few seconds.

import { useEffect, useRef, useState } from "preact/hooks";
import { broker, type Retained, type RetainedList } from "../../lib/broker";
import { queryOf, type RetainedQuery } from "../../lib/retained_query";
import { messageOf } from "../../ui/parts";

const kPage = 1000;
export const kShownMax = 5000; // beyond it a filter serves better than a tree
const kRefreshMs = 5000; // for each page: who retains thousands waits longer for news
const kTypingMs = 200;

// The first kShownMax that match.
export async function fetchRetained(
  query: RetainedQuery,
  signal: AbortSignal,
): Promise<RetainedList> {
  const messages: Retained[] = [];
  for (;;) {
    const after = messages.at(-1)?.topic ?? "";
    const found = await broker.retained({ ...query, after, limit: kPage }, signal);
    messages.push(...found.messages);
    if (!found.more || messages.length >= kShownMax) return { ...found, messages };
  }
}

export function useRetained(typed: string) {
  const [list, setList] = useState<(RetainedList & { query: RetainedQuery }) | null>(null);
  const [error, setError] = useState("");
  const running = useRef<AbortController | null>(null);
  const load = async () => {
    running.current?.abort();
    const stop = new AbortController();
    running.current = stop;
    const query = queryOf(typed);
    try {
      setList({ ...(await fetchRetained(query, stop.signal)), query });
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
