// Line icons on a 24-unit grid, drawn with the colour of the text around them.

const kPaths = {
  live: "M3 12h4l3-8 4 16 3-8h4",
  explore: "M4 4v16h16M8 14l3-4 3 2 5-6",
  buckets:
    "M4 7c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3Zm0 0v10c0 1.7 3.6 3 8 3s8-1.3 8-3V7M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3",
  clients:
    "M4 5h11v8H4V5Zm3 12h5M9.5 13v4M18 9h2a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-3a1 1 0 0 1-1-1v-2",
  retained: "M12 3v9m-3.5-3.5L12 12l3.5-3.5M4 13v6h16v-6h-4.5a3.5 3.5 0 0 1-7 0H4Z",
  tokens:
    "M14.5 9.5a4.5 4.5 0 1 0-3.2 4.3L13 15.5h2v2h2v2h3v-3l-5.8-5.8c.2-.4.3-.8.3-1.2ZM9 8.5h.01",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm5-2 4 4",
  user: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7 8c.7-3 3.5-5 7-5s6.3 2 7 5",
  pause: "M9 5v14M15 5v14",
  play: "M8 5l11 7-11 7V5Z",
  copy: "M9 9h10v11H9V9Zm-4 6V4h10",
  check: "M5 12.5l4.5 4.5L19 7",
  close: "M6 6l12 12M18 6 6 18",
  chevron: "M9 6l6 6-6 6",
  warning: "M12 4 2.5 20h19L12 4Zm0 6v5m0 2.5h.01",
  down: "M6 9l6 6 6-6",
  plus: "M12 5v14M5 12h14",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  download: "M12 4v11m-4-4 4 4 4-4M5 20h14",
  refresh: "M19 5v5h-5M5 19v-5h5M18.5 10A7 7 0 0 0 6 7.5M5.5 14A7 7 0 0 0 18 16.5",
  chart: "M4 20V4M4 20h16M8 15l3-4 3 2 5-6",
  table: "M4 5h16v14H4V5Zm0 5h16M10 10v9",
  out: "M14 5H6v14h8M11 12h9m-3-3 3 3-3 3",
  theme: "M12 4v16a8 8 0 0 0 0-16Zm0 16a8 8 0 0 1 0-16",
  help: "M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 17h.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z",
  back: "M15 6l-6 6 6 6",
  edit: "M5 19h3L19 8l-3-3L5 16v3Z",
  trash: "M5 7h14M10 7V4h4v3m-7 0 1 13h8l1-13",
} as const;

export type IconName = keyof typeof kPaths;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  const dots = name === "more";
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width={dots ? 3 : size > 18 ? 1.6 : 1.9}
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={kPaths[name]} />
    </svg>
  );
}

// Water running over a step.
export function Logo({ size = 26 }: { size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 32 32"
      fill="none"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path class="step" stroke-width="2.5" d="M3 17h11v10h15" />
      <path class="water" stroke-width="3" d="M3 10h11c5 0 6 4 6 7s1 5 4 5h5" />
    </svg>
  );
}
