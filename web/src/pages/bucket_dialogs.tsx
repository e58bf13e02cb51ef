// Making, changing and deleting a bucket.

import { useState } from "preact/hooks";
import { api, type Bucket, type BucketStatistics } from "../lib/api";
import { bytes, count } from "../lib/format";
import { kRetentions, retentionText } from "../lib/retention";
import { info } from "../lib/session";
import { Dialog, DialogActions } from "../ui/dialog";
import { ErrorNote, Field } from "../ui/parts";
import { useForm } from "../ui/work";

interface DialogProps {
  onClose: () => void;
  onDone: (text: string) => void;
}

function RetentionSelect({ value }: { value: number }) {
  const choices = kRetentions.includes(value) ? kRetentions : [value, ...kRetentions];
  return (
    <Field label="Keep data" hint="Older points are removed by themselves.">
      {(attributes) => (
        <select {...attributes} class="select" name="retention">
          {choices.map((seconds) => (
            <option key={seconds} value={seconds} selected={seconds === value}>
              {retentionText(seconds)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function CreateBucket({ onClose, onDone }: DialogProps) {
  const { error, busy, submit } = useForm(async (form) => {
    const name = String(form.get("name")).trim();
    await api.createBucket(info.value!.orgID, name, Number(form.get("retention")));
    onDone(`Bucket ${name} is ready`);
  });
  return (
    <Dialog title="New bucket" onClose={onClose}>
      <form class="dialog-form" onSubmit={submit}>
        <Field label="Name">
          {(attributes) => <input {...attributes} class="input" name="name" required autofocus />}
        </Field>
        <RetentionSelect value={0} />
        <ErrorNote error={error} />
        <DialogActions word="Create" disabled={busy} onClose={onClose} />
      </form>
    </Dialog>
  );
}

export function EditBucket({ bucket, onClose, onDone }: DialogProps & { bucket: Bucket }) {
  const kept = bucket.retentionRules[0]?.everySeconds ?? 0;
  const { error, busy, submit } = useForm(async (form) => {
    const name = String(form.get("name")).trim();
    await api.updateBucket(bucket.id, {
      ...(name === bucket.name ? {} : { name }),
      everySeconds: Number(form.get("retention")),
    });
    onDone(`Bucket ${name} is changed`);
  });
  return (
    <Dialog title={`Edit ${bucket.name}`} onClose={onClose}>
      <form class="dialog-form" onSubmit={submit}>
        <Field label="Name" hint="Programs that name the bucket must follow a new name.">
          {(attributes) => (
            <input {...attributes} class="input" name="name" defaultValue={bucket.name} required />
          )}
        </Field>
        <RetentionSelect value={kept} />
        <ErrorNote error={error} />
        <DialogActions word="Save" disabled={busy} onClose={onClose} />
      </form>
    </Dialog>
  );
}

export function DeleteBucket(
  props: DialogProps & { bucket: Bucket; statistics: BucketStatistics | undefined },
) {
  const { bucket, statistics, onClose, onDone } = props;
  const [typed, setTyped] = useState("");
  const { error, busy, submit } = useForm(async () => {
    await api.deleteBucket(bucket.id);
    onDone(`Bucket ${bucket.name} is deleted`);
  });
  return (
    <Dialog title={`Delete ${bucket.name}?`} onClose={onClose}>
      <form class="dialog-form" onSubmit={submit}>
        <p>
          All its data goes
          {statistics !== undefined && statistics.series > 0
            ? `: ${count(statistics.series)} series, ${bytes(statistics.diskBytes)} on disk`
            : ""}
          . This cannot be undone.
        </p>
        <Field label={`Type ${bucket.name} to confirm`}>
          {(attributes) => (
            <input
              {...attributes}
              class="input"
              autofocus
              autocomplete="off"
              value={typed}
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
          )}
        </Field>
        <ErrorNote error={error} />
        <DialogActions
          word="Delete"
          danger
          disabled={busy || typed !== bucket.name}
          onClose={onClose}
        />
      </form>
    </Dialog>
  );
}
