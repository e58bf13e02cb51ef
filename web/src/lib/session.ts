// Who is signed in and to which server: what every page needs before it can show anything.

import { signal } from "@preact/signals";
import { api, signedOut, type Info, type User } from "./api";
import { stopLive } from "./live";

export type Stage = "starting" | "setup" | "signIn" | "ready" | "unreachable";

export const stage = signal<Stage>("starting");
export const me = signal<User | null>(null);
export const info = signal<Info | null>(null);

export async function start(): Promise<void> {
  try {
    if ((await api.setupAllowed()).allowed) {
      stage.value = "setup";
      return;
    }
    await enter();
  } catch {
    stage.value = "unreachable";
  }
}

// After a sign-in, or with the cookie of an earlier one.
export async function enter(): Promise<void> {
  signedOut.value = false;
  try {
    me.value = await api.me();
    info.value = await api.info();
    stage.value = "ready";
  } catch (error) {
    if (!signedOut.value) throw error;
    stage.value = "signIn";
  }
}

signedOut.subscribe((out) => {
  if (!out || stage.value !== "ready") return;
  stopLive();
  me.value = null;
  stage.value = "signIn";
});

export async function signOut(): Promise<void> {
  await api.signOut().catch(() => undefined);
  stopLive();
  me.value = null;
  stage.value = "signIn";
}
