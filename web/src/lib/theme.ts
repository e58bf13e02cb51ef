// Light, dark or as the system says. public/theme.js applies the stored choice before first paint.

import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const kKey = "weir.theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function stored(): Theme {
  try {
    const text = localStorage.getItem(kKey);
    return text === "light" || text === "dark" ? text : "system";
  } catch {
    return "system";
  }
}

export const theme = signal<Theme>(stored());
// Counts changes of what is on the screen; charts draw themselves anew when it moves.
export const paint = signal(0);

function apply(): void {
  document.documentElement.dataset["theme"] = isDark() ? "dark" : "light";
  paint.value++;
}
system.addEventListener("change", apply);

export function setTheme(choice: Theme): void {
  theme.value = choice;
  apply();
  try {
    localStorage.setItem(kKey, choice);
  } catch {
    // Private windows may refuse; the choice then lasts as long as the page.
  }
}

export function isDark(): boolean {
  return theme.value === "dark" || (theme.value === "system" && system.matches);
}

export const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
