// Explore: choose with clicks or write Flux; see lines or rows.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ApiError, query, type Answer } from "../../lib/api";
import { FluxError } from "../../lib/csv";
import { readState, writeState, type ExploreState, type View } from "../../lib/explore_state";
import { buildFlux, errorPlace, errorText, variables, type ErrorPlace } from "../../lib/flux";
import { compact, count, plural } from "../../lib/format";
import { link, route } from "../../lib/route";
import { kSeriesMax, seriesOf } from "../../lib/series";
import { info } from "../../lib/session";
import { automaticWindow, kRanges, parseDuration, rangeBounds, rangeText, type TimeRange } from "../../lib/time";
import { Chart } from "../../ui/chart";
import { Icon } from "../../ui/icons";
import { messageOf, Segments } from "../../ui/parts";
import { Builder } from "./builder";
import { Editor } from "./editor";
import { RangePicker, RefreshPicker } from "./range_picker";
import { ResultTable } from "./result_table";

interface Failure {
  message: string;
  place: ErrorPlace | null;
}

interface Run {
  busy: boolean;
  answer: Answer | null;
  bounds: [number, number];
  failure: Failure | null;
}

function useRun(flux: string, runnable: boolean, state: ExploreState): [Run, () => void] {
  const [tick, setTick] = useState(0);
  const [run, setRun] = useState<Run>({ busy: false, answer: null, bounds: [0, 0], failure: null });
  const range = rangeText(state.range);

  useEffect(() => {
    if (!runnable) return;
    const abort = new AbortController();
    const bounds = rangeBounds(state.range, Date.now());
    setRun((before) => ({ ...before, busy: true }));
    query(info.value!.orgID, flux, variables(state.range, automaticWindow(bounds[1] - bounds[0])), abort.signal).then(
      (answer) => setRun({ busy: false, answer, bounds, failure: null }),
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const message = messageOf(error);
        const ours = error instanceof ApiError || error instanceof FluxError;
        setRun({ busy: false, answer: null, bounds, failure: { message, place: ours ? errorPlace(message) : null } });
      },
    );
    return () => abort.abort();
  }, [flux, range, tick, runnable]);

  const every = parseDuration(state.refresh);
  useEffect(() => {
    if (every === null) return;
    const timer = setInterval(() => !document.hidden && setTick((n) => n + 1), every);
    return () => clearInterval(timer);
  }, [every]);
  return [run, () => setTick((n) => n + 1)];
}

export function ExplorePage() {
  const params = route.value.params;
  const state = useMemo(() => readState(params, info.value?.defaultBucket ?? ""), [params]);
  const built = buildFlux(state);
  const script = state.flux ?? built;
  const [draft, setDraft] = useState(script);
  useEffect(() => setDraft(script), [script]);
  const [run, again] = useRun(script, state.flux !== null || (state.bucket !== "" && state.measurement !== ""), state);

  const change = (part: Partial<ExploreState>, step = false) => {
    const url = link("explore", writeState({ ...state, ...part }));
    if (url === location.hash) return;
    if (step) location.hash = url;
    else {
      history.replaceState(null, "", url);
      dispatchEvent(new HashChangeEvent("hashchange"));
    }
  };
  const runDraft = () => {
    if (draft === script) again();
    else change({ flux: draft === built ? null : draft }, true);
  };

  const zooms = useRef<ExploreState["range"][]>([]);
  const zoom = (from: number, to: number) => {
    zooms.current.push(state.range);
    change({ range: { from, to: Math.max(to, from + 1000) } }, true);
  };
  const zoomOut = () => {
    change({ range: zooms.current.pop() ?? wider(state.range) }, true);
  };

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const at = event.target as HTMLElement;
      if (event.key !== "r" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (at.isContentEditable || at.closest("input, textarea, select, dialog") !== null) return;
      again();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);

  return (
    <div class="explore">
      <header class="explore-head">
        <h1>Explore</h1>
        <RangePicker range={state.range} onChange={(range) => change({ range }, true)} />
        <RefreshPicker value={state.refresh} onChange={(refresh) => change({ refresh })} busy={run.busy} onRefresh={again} />
      </header>
      <div class="explore-body">
        <Builder state={state} onChange={(part) => change({ ...part, flux: null })} />
        <div class="explore-main">
          <ResultPanel run={run} state={state} onView={(view) => change({ view })} onLast={() => change({ fn: "last" })} onZoom={zoom} onZoomOut={zoomOut} />
          <section class="panel script" aria-label="Flux script">
            <header>
              <h2>Flux</h2>
              {draft !== built && (
                <button
                  type="button" class="button small quiet"
                  onClick={() => {
                    setDraft(built);
                    change({ flux: null });
                  }}
                >
                  Back to the builder
                </button>
              )}
              <button type="button" class="button small primary" onClick={runDraft} title="Ctrl+Enter">
                <Icon name="play" size={12} /> Run
              </button>
            </header>
            <Editor text={draft} onChange={setDraft} onRun={runDraft} error={run.failure?.place ?? null} />
          </section>
        </div>
      </div>
    </div>
  );
}

// The next longer range of the list, or twice a fixed one.
function wider(range: TimeRange): TimeRange {
  if ("last" in range) {
    const now = parseDuration(range.last)!;
    return { last: kRanges.find((choice) => parseDuration(choice)! > now) ?? range.last };
  }
  const half = Math.round((range.to - range.from) / 2);
  return { from: range.from - half, to: range.to + half };
}

// The chart takes what the window leaves beside the script, within reason.
function useChartHeight(): number {
  const fit = () => Math.min(640, Math.max(300, innerHeight - 480));
  const [height, setHeight] = useState(fit());
  useEffect(() => {
    const onResize = () => setHeight(fit());
    addEventListener("resize", onResize);
    return () => removeEventListener("resize", onResize);
  }, []);
  return height;
}

const kViews: [View, string][] = [["chart", "Chart"], ["table", "Table"]];

function ResultPanel(props: {
  run: Run;
  state: ExploreState;
  onView: (view: View) => void;
  onLast: () => void;
  onZoom: (from: number, to: number) => void;
  onZoomOut: () => void;
}) {
  const { run, state } = props;
  const answer = run.answer;
  const series = useMemo(() => (answer === null ? [] : seriesOf(answer.tables)), [answer]);
  const height = useChartHeight();
  const download = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([answer!.csv], { type: "text/csv" }));
    link.download = `${state.bucket}-${new Date().toISOString().slice(0, 19).replace(/[:T]/g, "-")}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  return (
    <section class={`panel result${run.busy ? " busy" : ""}`} aria-label="Result" aria-busy={run.busy}>
      <header>
        <h2>
          <span role="status">{summary(run)}</span>
        </h2>
        <button type="button" class="button small quiet" disabled={answer === null || answer.rows === 0} onClick={download}>
          <Icon name="download" size={14} /> CSV
        </button>
        <Segments label="View" value={state.view} choices={kViews} onChange={props.onView} />
      </header>
      {run.failure !== null ? (
        <FailureNote failure={run.failure} state={state} onLast={props.onLast} />
      ) : answer === null ? (
        run.busy ? <div class="skeleton result-space" /> : <Hint state={state} />
      ) : answer.rows === 0 ? (
        <div class="empty result-space">
          <h2>No data in this range</h2>
          <p>The query ran without error and found nothing. A longer time range may hold more, or fewer filters.</p>
        </div>
      ) : state.view === "table" ? (
        <ResultTable tables={answer.tables} />
      ) : series.length > 0 ? (
        <div class="result-chart">
          <Chart series={series} range={run.bounds} label="Query result" height={height} onZoom={props.onZoom} onZoomOut={props.onZoomOut} />
        </div>
      ) : (
        <div class="empty result-space">
          <h2>Nothing to draw</h2>
          <p>The result has no column of times with numbers beside it. The table shows it.</p>
          <button type="button" class="button" onClick={() => props.onView("table")}>
            Show the table
          </button>
        </div>
      )}
    </section>
  );
}

function summary(run: Run): string {
  if (run.failure !== null) return "The query failed";
  const answer = run.answer;
  if (answer === null) return run.busy ? "Running…" : "Result";
  const tables = answer.tables.length;
  const lines = tables > kSeriesMax ? `${count(tables)} tables, ${kSeriesMax} drawn` : plural(tables, "table");
  const cut = answer.cut ? ", cut: the answer was larger than this page reads" : "";
  return `${lines}, ${compact(answer.rows)} ${answer.rows === 1 ? "row" : "rows"}, ${Math.round(answer.milliseconds)} ms${cut}`;
}

// Text and on/off values have no mean; their last value can always be shown.
const kAnyType = new Set(["first", "last", "count"]);

function FailureNote({ failure, state, onLast }: { failure: Failure; state: ExploreState; onLast: () => void }) {
  const { place } = failure;
  const wrongType = state.flux === null && state.every !== "none" && !kAnyType.has(state.fn) && /type|string|bool/i.test(failure.message);
  return (
    <div class="result-space failure">
      <div class="note bad" role="alert">
        {place !== null && (
          <b>
            Line {place.line}, column {place.column}:{" "}
          </b>
        )}
        <span>{place === null ? failure.message : errorText(failure.message)}</span>
      </div>
      {wrongType && (
        <p class="failure-hint">
          Some of these fields may hold text or on/off, which have no {state.fn}. Choose only number fields, or{" "}
          <button type="button" class="button small" onClick={onLast}>
            show their last value
          </button>
        </p>
      )}
    </div>
  );
}

function Hint({ state }: { state: ExploreState }) {
  return (
    <div class="empty result-space">
      <h2>{state.bucket === "" ? "Choose a bucket" : "Choose a measurement"}</h2>
      <p>Or write Flux below and press Ctrl+Enter.</p>
    </div>
  );
}
