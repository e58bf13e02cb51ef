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

export function go(page: string, params: Record<string, string | undefined> = {}): void {
  location.hash = link(page, params);
}

// Changes some parameters of the page in place. Replacing keeps the back button for real steps.
export function setParams(changes: Record<string, string | undefined>, replace = true): void {
  const params = new URLSearchParams(route.value.params);
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined || value === "") params.delete(key);
    else params.set(key, value);
  }
  const url = link(route.value.page, Object.fromEntries(params));
  if (url === location.hash) return;
  if (replace) {
    history.replaceState(null, "", url);
    route.value = read();
  } else {
    location.hash = url;
  }
}
