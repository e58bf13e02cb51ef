// The query builder: bucket, measurement, fields, tags, window. What it offers comes from the index
// (POST /api/v2/weir/schema), so it answers at once however much is stored.

import { useEffect, useState } from "preact/hooks";
import { api, type Bucket, type SchemaQuestion } from "../../lib/api";
import type { ExploreState } from "../../lib/explore_state";
import { kFunctions, kWindowChoices } from "../../lib/flux";
import { automaticWindow, formatDuration, rangeBounds } from "../../lib/time";
import { Icon } from "../../ui/icons";
import { messageOf, SearchInput } from "../../ui/parts";

interface Props {
  state: ExploreState;
  onChange: (part: Partial<ExploreState>) => void;
}

// Lists longer than this get a search of their own.
const kSearchFrom = 9;
const kShownMax = 300;

function schemaRange(state: ExploreState): { start: string; stop: string } {
  if ("last" in state.range) return { start: `-${state.range.last}`, stop: "now" };
  return {
    start: new Date(state.range.from).toISOString(),
    stop: new Date(state.range.to).toISOString(),
  };
}

// The names behind one question; null while they come.
function useSchema(question: SchemaQuestion | null): { values: string[] | null; error: string } {
  const [found, setFound] = useState<{ values: string[] | null; error: string }>({
    values: null,
    error: "",
  });
  const key = JSON.stringify(question);
  useEffect(() => {
    if (question === null) return;
    const abort = new AbortController();
    setFound((before) => ({ values: before.values, error: "" }));
    api.schema(question, abort.signal).then(
      (values) => setFound({ values, error: "" }),
      (error: unknown) =>
        !abort.signal.aborted && setFound({ values: null, error: messageOf(error) }),
    );
    return () => abort.abort();
  }, [key]);
  return found;
}

export function Builder({ state, note, onChange }: Props & { note: string }) {
  const [buckets, setBuckets] = useState<Bucket[]>([]);
  const [open, setOpen] = useState(innerWidth > 760);
  useEffect(() => {
    api.buckets().then(setBuckets, () => undefined);
  }, []);
  const bucketID = buckets.find((bucket) => bucket.name === state.bucket)?.id;
  const base = bucketID === undefined ? null : { bucketID, ...schemaRange(state) };
  const measurements = useSchema(base === null ? null : { ...base, what: "measurements" });
  const inside =
    base === null || state.measurement === "" ? null : { ...base, measurement: state.measurement };
  const fields = useSchema(inside === null ? null : { ...inside, what: "fields" });
  const tagKeys = useSchema(inside === null ? null : { ...inside, what: "tagKeys" });

  // The first measurement is shown at once: a page that starts with data needs no explanation.
  const first = measurements.values?.[0];
  useEffect(() => {
    if (state.measurement === "" && state.flux === null && first !== undefined)
      onChange({ measurement: first });
  }, [first, state.measurement, state.flux]);

  const [from, to] = rangeBounds(state.range, Date.now());
  const auto = formatDuration(automaticWindow(to - from));
  return (
    <details
      class="builder panel"
      open={open}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        <Icon name="chevron" size={14} /> Query builder
      </summary>
      <div class="builder-parts">
        <label class="builder-part">
          <span>Bucket</span>
          <select
            class="select"
            value={state.bucket}
            onChange={(event) =>
              onChange({ bucket: event.currentTarget.value, measurement: "", fields: [], tags: {} })
            }
          >
            {bucketID === undefined && <option value={state.bucket}>{state.bucket}</option>}
            {buckets.map((bucket) => (
              <option key={bucket.id} value={bucket.name}>
                {bucket.name}
              </option>
            ))}
          </select>
        </label>
        <Choices
          title="Measurement"
          found={measurements}
          chosen={state.measurement === "" ? [] : [state.measurement]}
          single
          onChange={([measurement]) =>
            onChange({ measurement: measurement ?? "", fields: [], tags: {} })
          }
        />
        {inside !== null && (
          <Choices
            title="Fields"
            note="all"
            found={fields}
            chosen={state.fields}
            onChange={(chosen) => onChange({ fields: chosen })}
          />
        )}
        {inside !== null &&
          tagKeys.values
            ?.filter((key) => !key.startsWith("_"))
            .map((key) => (
              <TagChoices
                key={`${state.measurement} ${key}`}
                tagKey={key}
                state={state}
                question={inside}
                onChange={onChange}
              />
            ))}
        <div class="builder-pair">
          <label class="builder-part">
            <span>Every</span>
            <select
              class="select"
              value={state.every}
              onChange={(event) => onChange({ every: event.currentTarget.value })}
            >
              {(kWindowChoices.includes(state.every)
                ? kWindowChoices
                : [state.every, ...kWindowChoices]
              ).map((choice) => (
                <option key={choice} value={choice}>
                  {choice === "auto" ? `auto ${auto}` : choice === "none" ? "each point" : choice}
                </option>
              ))}
            </select>
          </label>
          <label class="builder-part">
            <span>Show the</span>
            <select
              class="select"
              value={state.fn}
              disabled={state.every === "none"}
              onChange={(event) => onChange({ fn: event.currentTarget.value })}
            >
              {(kFunctions.includes(state.fn) ? kFunctions : [state.fn, ...kFunctions]).map(
                (name) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ),
              )}
            </select>
          </label>
        </div>
        {note !== "" && <p class="builder-note">{note}</p>}
      </div>
    </details>
  );
}

function TagChoices(props: Props & { tagKey: string; question: Omit<SchemaQuestion, "what"> }) {
  const { tagKey, state } = props;
  const found = useSchema({ ...props.question, what: "tagValues", tagKey });
  return (
    <Choices
      title={tagKey}
      note="any"
      found={found}
      chosen={state.tags[tagKey] ?? []}
      onChange={(chosen) => {
        const tags = { ...state.tags, [tagKey]: chosen };
        if (chosen.length === 0) delete tags[tagKey];
        props.onChange({ tags });
      }}
    />
  );
}

function Choices(props: {
  title: string;
  note?: string; // what it means that nothing is chosen
  found: { values: string[] | null; error: string };
  chosen: string[];
  single?: boolean;
  onChange: (chosen: string[]) => void;
}) {
  const [search, setSearch] = useState("");
  const { values, error } = props.found;
  const wanted = search.toLowerCase();
  const all = [...new Set([...props.chosen, ...(values ?? [])])].sort();
  const shown = all.filter((name) => name.toLowerCase().includes(wanted));
  const toggle = (name: string) => {
    if (props.single === true) props.onChange([name]);
    else
      props.onChange(
        props.chosen.includes(name)
          ? props.chosen.filter((one) => one !== name)
          : [...props.chosen, name],
      );
  };
  return (
    <fieldset class="builder-part">
      <legend>
        {props.title}
        {props.single !== true && (
          <span class="faint">
            {props.chosen.length === 0 ? props.note : `${props.chosen.length} of ${all.length}`}
          </span>
        )}
        {props.single !== true && props.chosen.length > 0 && (
          <button type="button" class="clear" onClick={() => props.onChange([])}>
            clear
          </button>
        )}
      </legend>
      {all.length >= kSearchFrom && (
        <SearchInput
          label={`Search ${props.title}`}
          placeholder="Search"
          value={search}
          onInput={setSearch}
        />
      )}
      <div class="choices">
        {shown.slice(0, kShownMax).map((name) => (
          <label key={name}>
            <input
              type={props.single === true ? "radio" : "checkbox"}
              name={props.title}
              checked={props.chosen.includes(name)}
              onChange={() => toggle(name)}
            />
            <span>{name === "" ? "(empty)" : name}</span>
          </label>
        ))}
        {values === null && error === "" && <div class="skeleton" style="height:56px;margin:4px" />}
        {error !== "" && <p class="faint">{error}</p>}
        {values !== null && shown.length === 0 && (
          <p class="faint">{search === "" ? "none in this range" : "no match"}</p>
        )}
        {shown.length > kShownMax && <p class="faint">{shown.length - kShownMax} more: search</p>}
      </div>
    </fieldset>
  );
}
