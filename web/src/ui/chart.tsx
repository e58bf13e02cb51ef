// A line chart over time: uPlot in this interface's clothes. Gaps stay gaps, the crosshair tells the
// values under it, up to four lines carry their last value at their end, and the key below isolates
// (click) or hides (Ctrl+click) a line.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import { value as formatValue } from "../lib/format";
import { align, type Series } from "../lib/series";
import { paint } from "../lib/theme";
import { clock, day, kDay, zoneOffset } from "../lib/time";
import { kColours, kEndLabelsMax, makePlot, type Pointed } from "./chart_plot";

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

function seriesColour(index: number): string {
  return `var(--series-${(index % kColours) + 1})`;
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
    const spec = {
      labels,
      hidden,
      height,
      step: props.step === true,
      zoomable: props.onZoom !== undefined,
    };
    const made = makePlot(element, columns, spec, {
      onPoint: setPointed,
      onZoom: (zoomFrom, zoomTo) => handlers.current.onZoom?.(zoomFrom, zoomTo),
      onZoomOut: () => handlers.current.onZoomOut?.(),
    });
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
      <div
        class="chart-host"
        ref={host}
        style={`height:${height}px`}
        role="img"
        aria-label={describe(props)}
      >
        {pointed !== null && (
          <Tip
            columns={columns}
            labels={labels}
            hidden={hidden}
            at={pointed}
            width={plot.current?.width ?? 0}
          />
        )}
      </div>
      {props.keyList !== false && labels.length > 1 && (
        <Key
          labels={labels}
          hidden={hidden}
          onChoose={choose}
          valueOf={(i) =>
            pointed === null ? lastOf(props.series[i]!) : valueAt(columns[i + 1]!, pointed.index)
          }
          onHover={(i) =>
            plot.current?.setSeries((i === null ? null : i + 1) as number, { focus: true })
          }
        />
      )}
    </figure>
  );
}

function Key(props: {
  labels: string[];
  hidden: ReadonlySet<string>;
  valueOf: (index: number) => number | null;
  onChoose: (label: string, add: boolean) => void;
  onHover: (index: number | null) => void;
}) {
  return (
    <ul class={`chart-key${props.labels.length <= kEndLabelsMax ? " few" : ""}`}>
      {props.labels.map((label, i) => {
        const value = props.valueOf(i);
        return (
          <li key={label}>
            <button
              type="button"
              aria-pressed={!props.hidden.has(label)}
              title="Click: only this · Ctrl+click: hide or show"
              onClick={(event) => props.onChoose(label, event.ctrlKey || event.metaKey)}
              onMouseEnter={() => props.onHover(i)}
              onMouseLeave={() => props.onHover(null)}
            >
              <i style={`background:${seriesColour(i)}`} />
              <span>{label}</span>
              <b>{value === null ? "–" : formatValue(value)}</b>
            </button>
          </li>
        );
      })}
    </ul>
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
  const side =
    at.left > props.width / 2 ? `right:${props.width - at.left + 12}px` : `left:${at.left + 12}px`;
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
