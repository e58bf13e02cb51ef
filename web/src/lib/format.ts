// How figures are written, in one place, so that the same value reads alike on every page.

const kGroup = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

// Thousands stand apart by a narrow space: a comma means a decimal to half the world.
export function count(n: number): string {
  return kGroup.format(n).replace(/,/g, "\u202f");
}

// 1234567 -> "1.23 M": at most three significant digits, for narrow places.
export function compact(n: number): string {
  const size = Math.abs(n);
  if (size < 10_000) return count(n);
  for (const [unit, factor] of [
    ["G", 1e9],
    ["M", 1e6],
    ["k", 1e3],
  ] as const) {
    if (size >= factor) return `${trim((n / factor).toPrecision(3))} ${unit}`;
  }
  return String(n);
}

function trim(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

// A measured value: enough digits to see a change, no tail of floating-point noise.
export function value(n: number): string {
  if (!Number.isFinite(n)) return String(n);
  const size = Math.abs(n);
  if (size !== 0 && (size >= 1e12 || size < 1e-4)) return trimExponent(n.toExponential(3));
  if (Number.isInteger(n)) return count(n);
  const digits = size >= 1000 ? 1 : size >= 100 ? 2 : size >= 1 ? 3 : 5;
  const [whole = "0", fraction] = trim(n.toFixed(digits)).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

function trimExponent(text: string): string {
  return text.replace(/\.?0+e/, "e").replace("e+", "e");
}

const kUnits = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytes(n: number): string {
  let size = n;
  let unit = 0;
  while (size >= 1024 && unit < kUnits.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 ? size : trim(size.toPrecision(3))} ${kUnits[unit]}`;
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}
