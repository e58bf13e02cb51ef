// A line chart over time: uPlot in this interface's clothes. Gaps stay gaps, the crosshair tells the
// values under it, up to four lines carry their last value at their end, and the key below isolates
// (click) or hides (Ctrl+click) a line.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { kTimeTicks, kWholeSteps, tickSpace, tickText, valueRange } from "../lib/axis";
import { value as formatValue } from "../lib/format";
import { align, type Series } from "../lib/series";
import { paint } from "../lib/theme";
import { clock, day, kDay, zoneOffset } from "../lib/time";

const kColours = 8;
// Beyond eight lines the colours return with another dash.
const kDashes: (number[] | undefined)[] = [undefined, [6, 4], [2, 3], [10, 4, 2, 4]];
const kEndLabelsMax = 4;
const kTipRowsMax = 10;

export interface ChartProps {
  series: Series[];
  range?: [number, number]; // milliseconds; without it the data's own
  label: string;
  height?: number;
  step?: boolean;
  keyList?: boolean; // the list of lines below; on unless said otherwise
  onZoom?: (from: number, to: number) => void;
  onZoomOut?: () => void;
}

function css(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function seriesColour(index: number): string {
  return `var(--series-${(index % kColours) + 1})`;
}

function colour(index: number): string {
  return css(`--series-${(index % kColours) + 1}`);
}

function axisWidth(plot: uPlot, values: string[] | null): number {
  const longest = (values ?? []).reduce((a, b) => (b.length > a.length ? b : a), "");
  if (longest === "") return 40;
  plot.ctx.save();
  plot.ctx.font = plot.axes[1]!.font![0 as never] as unknown as string;
  const width = plot.ctx.measureText(longest).width / devicePixelRatio;
  plot.ctx.restore();
  return Math.ceil(width) + 20;
}

function lastIndex(plot: uPlot, series: number): number {
  const column = plot.data[series]!;
  const max = plot.scales["x"]!.max!;
  for (let i = column.length - 1; i >= 0; i--) {
    if (plot.data[0][i]! <= max && column[i] !== null && column[i] !== undefined) return i;
  }
  return -1;
}

// Writes each line's last value at its end, pushed apart where they would overlap.
function drawEndLabels(plot: uPlot): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const labels: { y: number; text: string; colour: string }[] = [];
  for (let s = 1; s < plot.series.length; s++) {
    if (plot.series[s]!.show === false) continue;
    const i = lastIndex(plot, s);
    if (i < 0) continue;
    const last = plot.data[s]![i]!;
    labels.push({ y: plot.valToPos(last, "y", true), text: formatValue(last), colour: colour(s - 1) });
  }
  if (labels.length === 0 || labels.length > kEndLabelsMax) return;
  labels.sort((a, b) => a.y - b.y);
  const gap = 16 * ratio;
  for (let i = 1; i < labels.length; i++) labels[i]!.y = Math.max(labels[i]!.y, labels[i - 1]!.y + gap);
  ctx.save();
  ctx.font = `600 ${12 * ratio}px ${css("--font")}`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  for (const label of labels) {
    ctx.fillStyle = label.colour;
    ctx.fillRect(bbox.left + bbox.width + 6 * ratio, label.y - 5 * ratio, 3 * ratio, 10 * ratio);
    ctx.fillStyle = css("--text");
    ctx.fillText(label.text, bbox.left + bbox.width + 13 * ratio, label.y);
  }
  ctx.restore();
}

interface Pointed {
  index: number;
  left: number;
  top: number;
}

// The value of a series at or nearest before an index of the shared time column.
function valueAt(column: readonly (number | null | undefined)[], index: number): number | null {
  for (let i = index; i >= 0 && i > index - 400; i--) {
    const found = column[i];
    if (found === null) return null;
    if (found !== undefined) return found;
  }
  return null;
}

export function Chart(props: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const handlers = useRef(props);
  handlers.current = props;
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const columns = useMemo(() => align(props.series), [props.series]);
  const height = props.height ?? 320;
  const labels = props.series.map((series) => series.label);
  // A new plot when what it is made of changes; new data alone only redraws.
  const shape = `${labels.join("\u0000")}|${paint.value}|${props.step === true}|${height}`;

  useEffect(() => {
    const element = host.current!;
    const count = props.series.length;
    const font = `12px ${css("--font")}`;
    const axis = { stroke: css("--text-faint"), font, ticks: { show: false }, gap: 8 };
    const grid = { stroke: css("--hairline"), width: 1 };
    const options: uPlot.Options = {
      width: Math.max(200, element.clientWidth), height,
      padding: [12, count <= kEndLabelsMax ? 64 : 16, 0, 0],
      legend: { show: false },
      cursor: {
        drag: { x: handlers.current.onZoom !== undefined, y: false, setScale: false },
        points: { size: 7, width: 2, fill: css("--surface"), stroke: (_, s) => colour(s - 1) },
        focus: { prox: count > 1 ? 24 : -1 },
        y: false,
      },
      focus: { alpha: 0.25 },
      scales: { x: { time: true }, y: { range: (_, min, max) => valueRange(min, max) } },
      axes: [
        { ...axis, grid: { show: false }, space: (_, __, min, max) => tickSpace(max - min), values: kTimeTicks as never, size: 44 },
        { ...axis, grid, space: 40, values: (_, splits) => tickText(splits), size: axisWidth, ...(props.step === true ? { incrs: kWholeSteps } : {}) },
      ],
      series: [
        {},
        ...props.series.map((series, i): uPlot.Series => {
          const dash = kDashes[Math.floor(i / kColours) % kDashes.length];
          const stroke = colour(i);
          return {
            label: series.label, stroke, width: 1.75, show: !hidden.has(series.label),
            points: { size: 5, fill: stroke, stroke, width: 0 },
            ...(dash === undefined ? {} : { dash }),
            ...(count === 1 ? { fill: `${stroke}1a`, fillTo: (u: uPlot) => u.scales["y"]!.min ?? 0 } : {}),
            ...(props.step === true ? { paths: uPlot.paths.stepped!({ align: 1 }) } : {}),
          };
        }),
      ],
      hooks: {
        draw: [drawEndLabels],
        setCursor: [
          (u) => {
            const { idx, left, top } = u.cursor;
            const inside = idx !== null && idx !== undefined && left !== undefined && left >= 0;
            setPointed(inside ? { index: idx, left: left + u.bbox.left / devicePixelRatio, top: top ?? 0 } : null);
          },
        ],
        setSelect: [
          (u) => {
            if (u.select.width < 6) return;
            const from = u.posToVal(u.select.left, "x") * 1000;
            const to = u.posToVal(u.select.left + u.select.width, "x") * 1000;
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            handlers.current.onZoom?.(Math.round(from), Math.round(to));
          },
        ],
      },
    };
    const made = new uPlot(options, columns as uPlot.AlignedData, element);
    made.over.addEventListener("dblclick", () => handlers.current.onZoomOut?.());
    plot.current = made;
    const resize = new ResizeObserver(() => {
      const width = Math.max(200, element.clientWidth);
      if (width !== made.width) made.setSize({ width, height });
    });
    resize.observe(element);
    return () => {
      resize.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape]);

  const [from, to] = props.range ?? [];
  useEffect(() => {
    const current = plot.current;
    if (current === null) return;
    current.batch(() => {
      current.setData(columns as uPlot.AlignedData, from === undefined);
      if (from !== undefined) current.setScale("x", { min: from / 1000, max: to! / 1000 });
    });
  }, [columns, from, to, shape]);

  const choose = (label: string, add: boolean) => {
    const next = new Set(hidden);
    if (add) {
      if (!next.delete(label)) next.add(label);
    } else {
      const alone = labels.every((other) => (other === label) !== hidden.has(other));
      next.clear();
      if (!alone) for (const other of labels) if (other !== label) next.add(other);
    }
    setHidden(next);
    labels.forEach((other, i) => plot.current?.setSeries(i + 1, { show: !next.has(other) }));
  };

  return (
    <figure class="chart" aria-label={props.label}>
      <div class="chart-host" ref={host} style={`height:${height}px`} role="img" aria-label={describe(props)}>
        {pointed !== null && <Tip columns={columns} labels={labels} hidden={hidden} at={pointed} width={plot.current?.width ?? 0} />}
      </div>
      {props.keyList !== false && labels.length > 1 && (
        <ul class={`chart-key${labels.length <= kEndLabelsMax ? " few" : ""}`}>
          {labels.map((label, i) => {
            const shown = pointed === null ? lastOf(props.series[i]!) : valueAt(columns[i + 1]!, pointed.index);
            return (
              <li key={label}>
                <button
                  type="button" aria-pressed={!hidden.has(label)} title="Click: only this · Ctrl+click: hide or show"
                  onClick={(event) => choose(label, event.ctrlKey || event.metaKey)}
                  onMouseEnter={() => plot.current?.setSeries(i + 1, { focus: true })}
                  onMouseLeave={() => plot.current?.setSeries(null as never, { focus: true })}
                >
                  <i style={`background:${seriesColour(i)}`} />
                  <span>{label}</span>
                  <b>{shown === null ? "–" : formatValue(shown)}</b>
                </button>
              </li>
            );
          })}
        </ul>
      )}
    </figure>
  );
}

function lastOf(series: Series): number | null {
  return series.values.findLast((one) => one !== null) ?? null;
}

function describe({ series, label }: ChartProps): string {
  const parts = series.slice(0, 8).map((one) => {
    const last = lastOf(one);
    return `${one.label}: ${one.times.length} points, last ${last === null ? "none" : formatValue(last)}`;
  });
  return `${label}. ${parts.join("; ")}`;
}

function Tip(props: {
  columns: ReturnType<typeof align>;
  labels: string[];
  hidden: ReadonlySet<string>;
  at: Pointed;
  width: number;
}) {
  const { columns, labels, hidden, at } = props;
  const time = columns[0][at.index];
  if (time === undefined) return null;
  const rows = labels
    .map((label, i) => ({ label, i, value: valueAt(columns[i + 1]!, at.index) }))
    .filter((row) => row.value !== null && !hidden.has(row.label))
    .sort((a, b) => b.value! - a.value!);
  const ms = time * 1000;
  const span = (columns[0].at(-1)! - columns[0][0]!) * 1000;
  const fine = span < 60_000 || ms % 1000 !== 0;
  const side = at.left > props.width / 2 ? `right:${props.width - at.left + 12}px` : `left:${at.left + 12}px`;
  return (
    <div class="chart-tip" style={side} aria-hidden="true">
      <time>
        {span > kDay / 2 ? `${day(ms)} ` : ""}
        {clock(ms, fine)} <small>{zoneOffset(ms)}</small>
      </time>
      {rows.slice(0, kTipRowsMax).map((row) => (
        <div key={row.label}>
          <i style={`background:${seriesColour(row.i)}`} />
          <span>{row.label}</span>
          <b>{formatValue(row.value!)}</b>
        </div>
      ))}
      {rows.length > kTipRowsMax && <small>and {rows.length - kTipRowsMax} more</small>}
    </div>
  );
}
