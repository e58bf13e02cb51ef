// Explore: choose with clicks or write Flux; see lines or rows.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { ApiError, query } from "../../lib/api";
import { FluxError } from "../../lib/csv";
import { readState, writeState, type ExploreState } from "../../lib/explore_state";
import { buildFlux, errorPlace, lacksMean, variables } from "../../lib/flux";
import { link, route, show } from "../../lib/route";
import { info } from "../../lib/session";
import {
  automaticWindow,
  kRanges,
  parseDuration,
  rangeBounds,
  rangeText,
  type TimeRange,
} from "../../lib/time";
import { Icon } from "../../ui/icons";
import { messageOf } from "../../ui/parts";
import "../../styles/explore.css";
import { Builder } from "./builder";
import { Editor } from "./editor";
import { ResultPanel, type Run } from "./result_panel";
import { RangePicker, RefreshPicker } from "./range_picker";

function useRun(flux: string, runnable: boolean, state: ExploreState): [Run, () => void] {
  const [tick, setTick] = useState(0);
  const [run, setRun] = useState<Run>({ busy: false, answer: null, bounds: [0, 0], failure: null });
  const range = rangeText(state.range);

  useEffect(() => {
    if (!runnable) return;
    const abort = new AbortController();
    const bounds = rangeBounds(state.range, Date.now());
    setRun((before) => ({ ...before, busy: true }));
    query(
      info.value!.orgID,
      flux,
      variables(state.range, automaticWindow(bounds[1] - bounds[0])),
      abort.signal,
    ).then(
      (answer) => setRun({ busy: false, answer, bounds, failure: null }),
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const message = messageOf(error);
        const ours = error instanceof ApiError || error instanceof FluxError;
        setRun({
          busy: false,
          answer: null,
          bounds,
          failure: { message, place: ours ? errorPlace(message) : null },
        });
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

// Text and on/off have no mean: as long as nobody asks for it, their last value is shown instead.
// Gives the state to show; what to tell when a run has failed; and when the mean was asked for.
function useLastForMean(
  chosen: ExploreState,
): [ExploreState, (failure: string) => void, () => void] {
  const what = JSON.stringify([chosen.bucket, chosen.measurement, chosen.fields]);
  const [withoutMean, setWithoutMean] = useState("");
  const asked = useRef("");
  const isOpen = chosen.flux === null && chosen.fn === "mean" && chosen.every !== "none";
  const failed = (message: string) => {
    if (isOpen && asked.current !== what && lacksMean(message)) setWithoutMean(what);
  };
  const ask = () => {
    asked.current = what;
    setWithoutMean("");
  };
  return [isOpen && withoutMean === what ? { ...chosen, fn: "last" } : chosen, failed, ask];
}

export function ExplorePage() {
  const params = route.value.params;
  const chosen = useMemo(() => readState(params, info.value?.defaultBucket ?? ""), [params]);
  const [state, failed, askForMean] = useLastForMean(chosen);
  const built = buildFlux(state);
  const script = state.flux ?? built;
  const [draft, setDraft] = useState(script);
  useEffect(() => setDraft(script), [script]);
  const [latest, again] = useRun(
    script,
    state.flux !== null || (state.bucket !== "" && state.measurement !== ""),
    state,
  );
  useLayoutEffect(() => {
    if (!latest.busy && latest.failure !== null) failed(latest.failure.message);
  }, [latest]);
  const isReplaced =
    state !== chosen && latest.failure !== null && lacksMean(latest.failure.message);
  const run = isReplaced ? { ...latest, busy: true, failure: null } : latest;

  const change = (part: Partial<ExploreState>, step = false) => {
    show(link("explore", writeState({ ...chosen, ...part })), !step);
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
        <RefreshPicker
          value={state.refresh}
          onChange={(refresh) => change({ refresh })}
          busy={run.busy}
          onRefresh={again}
        />
      </header>
      <div class="explore-body">
        <Builder
          state={state}
          note={state === chosen ? "" : "Text and on/off have no mean: their last value is shown."}
          onChange={(part) => {
            if (part.fn === "mean") askForMean();
            change({ ...part, flux: null });
          }}
        />
        <div class="explore-main">
          <ResultPanel
            run={run}
            state={state}
            onView={(view) => change({ view })}
            onLast={() => change({ fn: "last" })}
            onZoom={zoom}
            onZoomOut={zoomOut}
          />
          <section class="panel script" aria-label="Flux script">
            <header>
              <h2>Flux</h2>
              {draft !== built && (
                <button
                  type="button"
                  class="button small quiet"
                  onClick={() => {
                    setDraft(built);
                    change({ flux: null });
                  }}
                >
                  Back to the builder
                </button>
              )}
              <button
                type="button"
                class="button small primary"
                onClick={runDraft}
                title="Ctrl+Enter"
              >
                <Icon name="play" size={12} /> Run
              </button>
            </header>
            <Editor
              text={draft}
              onChange={setDraft}
              onRun={runDraft}
              error={run.failure?.place ?? null}
            />
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
