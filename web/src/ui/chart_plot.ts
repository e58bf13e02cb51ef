// The uPlot behind a chart: colours from the page's own variables, axes, crosshair, end labels.

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { kTimeSteps, kTimeTicks, kWholeSteps, tickSpace, tickText, valueRange } from "../lib/axis";
import { value as formatValue } from "../lib/format";
import type { AlignedColumns } from "../lib/series";

export const kColours = 8;
// Beyond eight lines the colours return with another dash.
const kDashes: (number[] | undefined)[] = [undefined, [6, 4], [2, 3], [10, 4, 2, 4]];
// With more lines than this their end labels would hide each other.
export const kEndLabelsMax = 4;

// Where the crosshair stands: an index of the time column and a place in the chart, in CSS pixels.
export interface Pointed {
  index: number;
  left: number;
}

export interface PlotSpec {
  labels: string[];
  hidden: ReadonlySet<string>;
  height: number;
  step: boolean;
  zoomable: boolean;
}

export interface PlotEvents {
  onPoint: (at: Pointed | null) => void;
  onZoom: (fromMs: number, toMs: number) => void;
  onZoomOut: () => void;
}

function css(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
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
    labels.push({
      y: plot.valToPos(last, "y", true),
      text: formatValue(last),
      colour: colour(s - 1),
    });
  }
  if (labels.length === 0 || labels.length > kEndLabelsMax) return;
  labels.sort((a, b) => a.y - b.y);
  const gap = 16 * ratio;
  for (let i = 1; i < labels.length; i++)
    labels[i]!.y = Math.max(labels[i]!.y, labels[i - 1]!.y + gap);
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

function lineOf(label: string, index: number, spec: PlotSpec): uPlot.Series {
  const stroke = colour(index);
  const dash = kDashes[Math.floor(index / kColours) % kDashes.length];
  const alone = spec.labels.length === 1;
  return {
    label,
    stroke,
    width: 1.75,
    show: !spec.hidden.has(label),
    points: { size: 5, fill: stroke, stroke, width: 0 },
    ...(dash === undefined ? {} : { dash }),
    ...(alone ? { fill: `${stroke}1a`, fillTo: (u: uPlot) => u.scales["y"]!.min ?? 0 } : {}),
    ...(spec.step ? { paths: uPlot.paths.stepped!({ align: 1 }) } : {}),
  };
}

function axesOf(spec: PlotSpec): uPlot.Axis[] {
  const axis: uPlot.Axis = {
    stroke: css("--text-faint"),
    font: `12px ${css("--font")}`,
    ticks: { show: false },
    gap: 8,
  };
  return [
    {
      ...axis,
      grid: { show: false },
      space: (_, __, min, max) => tickSpace(max - min),
      incrs: kTimeSteps,
      values: kTimeTicks as never,
      size: 44,
    },
    {
      ...axis,
      grid: { stroke: css("--hairline"), width: 1 },
      space: 40,
      values: (_, splits) => tickText(splits),
      size: axisWidth,
      ...(spec.step ? { incrs: kWholeSteps } : {}),
    },
  ];
}

function hooksOf(events: PlotEvents): uPlot.Hooks.Arrays {
  const onCursor = (u: uPlot) => {
    const { idx, left } = u.cursor;
    const inside = idx !== null && idx !== undefined && left !== undefined && left >= 0;
    events.onPoint(inside ? { index: idx, left: left + u.bbox.left / devicePixelRatio } : null);
  };
  const onSelect = (u: uPlot) => {
    // Narrower is a click with a trembling hand.
    if (u.select.width < 6) return;
    const from = u.posToVal(u.select.left, "x") * 1000;
    const to = u.posToVal(u.select.left + u.select.width, "x") * 1000;
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    events.onZoom(Math.round(from), Math.round(to));
  };
  return { draw: [drawEndLabels], setCursor: [onCursor], setSelect: [onSelect] };
}

export function makePlot(
  host: HTMLElement,
  columns: AlignedColumns,
  spec: PlotSpec,
  events: PlotEvents,
): uPlot {
  const count = spec.labels.length;
  const options: uPlot.Options = {
    width: Math.max(200, host.clientWidth),
    height: spec.height,
    padding: [12, count <= kEndLabelsMax ? 64 : 16, 0, 0],
    legend: { show: false },
    cursor: {
      drag: { x: spec.zoomable, y: false, setScale: false },
      points: { size: 7, width: 2, fill: css("--surface"), stroke: (_, s) => colour(s - 1) },
      focus: { prox: count > 1 ? 24 : -1 },
      y: false,
    },
    focus: { alpha: 0.25 },
    scales: { x: { time: true }, y: { range: (_, min, max) => valueRange(min, max) } },
    axes: axesOf(spec),
    series: [{}, ...spec.labels.map((label, i) => lineOf(label, i, spec))],
    hooks: hooksOf(events),
  };
  const plot = new uPlot(options, columns as uPlot.AlignedData, host);
  plot.over.addEventListener("dblclick", events.onZoomOut);
  return plot;
}
