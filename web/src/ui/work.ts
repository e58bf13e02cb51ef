// Work that a button or a form starts: that it runs, and how it was refused.

import { useState } from "preact/hooks";
import { messageOf } from "./parts";

export function useWork() {
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const run = async (work: () => Promise<void>) => {
    setBusy(true);
    setError("");
    try {
      await work();
    } catch (failed) {
      setError(messageOf(failed));
    } finally {
      setBusy(false);
    }
  };
  return { error, busy, run };
}

export function useForm(work: (form: FormData) => Promise<void>) {
  const { error, busy, run } = useWork();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    void run(() => work(form));
  };
  return { error, busy, submit };
}
