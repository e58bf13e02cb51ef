// What a query answered: lines, rows, or why there are none.

import { useEffect, useMemo, useState } from "preact/hooks";
import type { Answer } from "../../lib/api";
import type { ExploreState, View } from "../../lib/explore_state";
import { errorText, type ErrorPlace } from "../../lib/flux";
import { compact, count, plural } from "../../lib/format";
import { kSeriesMax, seriesOf } from "../../lib/series";
import { Chart } from "../../ui/chart";
import { Icon } from "../../ui/icons";
import { Segments } from "../../ui/parts";
import { ResultTable } from "./result_table";

export interface Failure {
  message: string;
  place: ErrorPlace | null;
}

export interface Run {
  busy: boolean;
  answer: Answer | null;
  bounds: [number, number];
  failure: Failure | null;
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

const kViews: [View, string][] = [
  ["chart", "Chart"],
  ["table", "Table"],
];

export function ResultPanel(props: {
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
    <section
      class={`panel result${run.busy ? " busy" : ""}`}
      aria-label="Result"
      aria-busy={run.busy}
    >
      <header>
        <h2>
          <span role="status">{summary(run)}</span>
        </h2>
        <button
          type="button"
          class="button small quiet"
          disabled={answer === null || answer.rows === 0}
          onClick={download}
        >
          <Icon name="download" size={14} /> CSV
        </button>
        <Segments label="View" value={state.view} choices={kViews} onChange={props.onView} />
      </header>
      {run.failure !== null ? (
        <FailureNote failure={run.failure} state={state} onLast={props.onLast} />
      ) : answer === null ? (
        run.busy ? (
          <div class="skeleton result-space" />
        ) : (
          <Hint state={state} />
        )
      ) : answer.rows === 0 ? (
        <div class="empty result-space">
          <h2>No data in this range</h2>
          <p>
            The query ran without error and found nothing. A longer time range may hold more, or
            fewer filters.
          </p>
        </div>
      ) : state.view === "table" ? (
        <ResultTable tables={answer.tables} />
      ) : series.length > 0 ? (
        <div class="result-chart">
          <Chart
            series={series}
            range={run.bounds}
            label="Query result"
            height={height}
            onZoom={props.onZoom}
            onZoomOut={props.onZoomOut}
          />
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
  const lines =
    tables > kSeriesMax ? `${count(tables)} tables, ${kSeriesMax} drawn` : plural(tables, "table");
  const cut = answer.cut ? ", cut: the answer was larger than this page reads" : "";
  return `${lines}, ${compact(answer.rows)} ${answer.rows === 1 ? "row" : "rows"}, ${Math.round(answer.milliseconds)} ms${cut}`;
}

// Text and on/off values have no mean; their last value can always be shown.
const kAnyType = new Set(["first", "last", "count"]);

function FailureNote({
  failure,
  state,
  onLast,
}: {
  failure: Failure;
  state: ExploreState;
  onLast: () => void;
}) {
  const { place } = failure;
  const wrongType =
    state.flux === null &&
    state.every !== "none" &&
    !kAnyType.has(state.fn) &&
    /type|string|bool/i.test(failure.message);
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
          Some of these fields may hold text or on/off, which have no {state.fn}. Choose only number
          fields, or{" "}
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
      <p>
        {state.bucket !== "" && "None there? A longer time range may hold some. "}Or write Flux
        below and press Ctrl+Enter.
      </p>
    </div>
  );
}
