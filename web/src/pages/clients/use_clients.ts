// The part of the list of clients that is on the screen, kept up to date.
//
// The server sorts and pages; a refresh asks for the visible rows only, so ten thousand clients cost
// what fifty do. While somebody points at the rows they keep their places: figures change in place,
// and what a sort by a moving figure would reorder waits until the pointer has left.

import { useEffect, useRef, useState } from "preact/hooks";
import { broker, type Client, type ClientPage, type ClientQuery } from "../../lib/broker";
import { heldRows } from "../../lib/held_rows";
import { messageOf } from "../../ui/parts";

const kRefreshMs = 2000;
const kTypingMs = 150;
const kWindowMin = 60;

export interface ClientList {
  rows: Map<number, Client>; // by their place in the list
  matching: number;
  connected: number;
  kept: number;
  known: boolean; // an answer has come
  error: string;
  show: (first: number, last: number) => void; // these places are on the screen
  hold: (held: boolean) => void;
}

type Asked = Omit<ClientQuery, "offset" | "limit">;

export function useClients(asked: Asked): ClientList {
  const [page, setPage] = useState<ClientPage | null>(null);
  const [error, setError] = useState("");
  const rows = useRef(new Map<number, Client>());
  const visible = useRef({ first: 0, last: kWindowMin });
  const held = useRef(false);
  const request = useRef<AbortController | null>(null);
  const latest = useRef(asked);
  latest.current = asked;

  const take = (found: ClientPage, offset: number) => {
    const shown = held.current ? rows.current : new Map<number, Client>();
    rows.current = heldRows(shown, found.clients, offset);
    setPage(found);
    setError("");
  };

  const load = async () => {
    request.current?.abort();
    const mine = new AbortController();
    request.current = mine;
    const { first, last } = visible.current;
    const offset = Math.max(0, first - 10);
    const limit = Math.min(1000, Math.max(kWindowMin, last - offset + 20));
    try {
      take(await broker.clients({ ...latest.current, offset, limit }, mine.signal), offset);
    } catch (failed) {
      if (!mine.signal.aborted) setError(messageOf(failed));
    }
  };

  const { text, state, sort, descending } = asked;
  useEffect(() => {
    held.current = false;
    const timer = setTimeout(() => void load(), page === null ? 0 : kTypingMs);
    return () => clearTimeout(timer);
  }, [text, state, sort, descending]);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) void load();
    }, kRefreshMs);
    return () => {
      clearInterval(timer);
      request.current?.abort();
    };
  }, []);

  return {
    rows: rows.current,
    matching: page?.matching ?? 0,
    connected: page?.connected ?? 0,
    kept: page?.kept ?? 0,
    known: page !== null,
    error,
    show: (first, last) => {
      visible.current = { first, last };
      for (let at = first; at < Math.min(last, page?.matching ?? 0); at++) {
        if (!rows.current.has(at)) return void load();
      }
    },
    hold: (on) => (held.current = on),
  };
}
