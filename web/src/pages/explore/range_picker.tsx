import { useState } from "preact/hooks";
import { kRanges, lastLabel, rangeBounds, rangeLabel, type TimeRange } from "../../lib/time";
import { Dialog, DialogActions } from "../../ui/dialog";
import { Icon } from "../../ui/icons";
import { Field } from "../../ui/parts";

export function RangePicker({
  range,
  onChange,
}: {
  range: TimeRange;
  onChange: (range: TimeRange) => void;
}) {
  const [custom, setCustom] = useState(false);
  const value = "last" in range ? range.last : "fixed";
  return (
    <>
      <label class="range-picker">
        <span class="hidden-text">Time range</span>
        <select
          class="select"
          value={value}
          onChange={(event) => {
            const choice = event.currentTarget.value;
            event.currentTarget.value = value;
            if (choice === "custom") setCustom(true);
            else if (choice !== "fixed") onChange({ last: choice });
          }}
        >
          {value === "fixed" && <option value="fixed">{rangeLabel(range)}</option>}
          {(value === "fixed" || kRanges.includes(value) ? kRanges : [value, ...kRanges]).map(
            (choice) => (
              <option key={choice} value={choice}>
                {lastLabel(choice)}
              </option>
            ),
          )}
          <option value="custom">From – to…</option>
        </select>
      </label>
      {custom && <CustomRange range={range} onClose={() => setCustom(false)} onChange={onChange} />}
    </>
  );
}

// datetime-local speaks the reader's own clock, without a zone.
function localText(ms: number): string {
  return new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function CustomRange(props: {
  range: TimeRange;
  onClose: () => void;
  onChange: (range: TimeRange) => void;
}) {
  const [from, to] = rangeBounds(props.range, Date.now());
  const [error, setError] = useState("");
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const chosen = {
      from: Date.parse(String(form.get("from"))),
      to: Date.parse(String(form.get("to"))),
    };
    if (!(chosen.from < chosen.to)) {
      setError("The end must be after the start.");
      return;
    }
    props.onClose();
    props.onChange(chosen);
  };
  return (
    <Dialog title="Time range" onClose={props.onClose}>
      <form class="dialog-form" onSubmit={submit}>
        <TimeField label="From" name="from" at={from} />
        <TimeField label="To" name="to" at={to} error={error} />
        <DialogActions word="Show" onClose={props.onClose} />
      </form>
    </Dialog>
  );
}

function TimeField(props: { label: string; name: string; at: number; error?: string }) {
  return (
    <Field label={props.label} error={props.error}>
      {(attributes) => (
        <input
          {...attributes}
          class="input"
          type="datetime-local"
          step="1"
          name={props.name}
          defaultValue={localText(props.at)}
          required
        />
      )}
    </Field>
  );
}

const kRefreshes = ["", "1s", "5s", "10s", "30s", "1m", "5m"];

export function RefreshPicker(props: {
  value: string;
  busy: boolean;
  onChange: (value: string) => void;
  onRefresh: () => void;
}) {
  return (
    <div class="refresh-picker">
      <button
        type="button"
        class="button icon"
        aria-label="Refresh now"
        title="r"
        onClick={props.onRefresh}
      >
        <Icon name="refresh" />
      </button>
      <label>
        <span class="hidden-text">Refresh by itself</span>
        <select
          class="select"
          value={props.value}
          onChange={(event) => props.onChange(event.currentTarget.value)}
        >
          {kRefreshes.map((choice) => (
            <option key={choice} value={choice}>
              {choice === "" ? "by hand" : `every ${choice}`}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
