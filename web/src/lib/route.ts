// The address bar holds the state of a page (`#/explore?bucket=home&range=6h`), so that a link shows
// another person what one sees. The part after `#` never reaches the server and needs nothing of it.

import { signal } from "@preact/signals";

export interface Route {
  page: string;
  params: URLSearchParams;
}

function read(): Route {
  const [path = "", search = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
  return { page: path, params: new URLSearchParams(search) };
}

export const route = signal<Route>({ page: "", params: new URLSearchParams() });

export function startRouting(): void {
  route.value = read();
  addEventListener("hashchange", () => (route.value = read()));
}

export function link(page: string, params: Record<string, string | undefined> = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(params))
    if (value !== undefined && value !== "") search.set(key, value);
  // Topics and lists read better with their slashes and commas as they are.
  const text = search.toString().replace(/%2F/g, "/").replace(/%2C/g, ",");
  return `#/${page}${text === "" ? "" : `?${text}`}`;
}

// Goes to a link. At once, not when the browser gets round to telling of a new hash: keys pressed
// quickly after each other each find what the one before has chosen.
export function show(url: string, replace: boolean): void {
  if (url === location.hash) return;
  if (replace) history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  route.value = read();
}

export function go(page: string, params: Record<string, string | undefined> = {}): void {
  show(link(page, params), false);
}

// Changes some parameters of the page in place. Replacing keeps the back button for real steps.
export function setParams(changes: Record<string, string | undefined>, replace = true): void {
  const params = new URLSearchParams(route.value.params);
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined || value === "") params.delete(key);
    else params.set(key, value);
  }
  show(link(route.value.page, Object.fromEntries(params)), replace);
}
