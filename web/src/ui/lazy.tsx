// Pages that come in chunks of their own: the first page is there sooner, and the others are fetched
// while nobody waits for them.

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

type Loader<P> = () => Promise<ComponentType<P>>;
const loaders: Loader<never>[] = [];

export function lazy<P extends object>(load: Loader<P>): ComponentType<P> {
  let Loaded: ComponentType<P> | null = null;
  let failed = false;
  const once = async () => (Loaded ??= await load());
  loaders.push(once as unknown as Loader<never>);
  return function Lazy(props: P) {
    const [, setTick] = useState(0);
    useEffect(() => {
      if (Loaded !== null) return;
      failed = false;
      once().then(
        () => setTick(1),
        () => {
          failed = true;
          setTick(2);
        },
      );
    }, []);
    if (Loaded !== null) return <Loaded {...props} />;
    if (!failed) return null;
    return (
      <div class="empty" role="alert">
        <h2>This page could not be loaded</h2>
        <p>The server may have been updated meanwhile.</p>
        <button type="button" class="button" onClick={() => location.reload()}>
          Reload
        </button>
      </div>
    );
  };
}

export function preloadPages(): void {
  setTimeout(() => {
    for (const load of loaders) void load().catch(() => undefined);
  }, 1500);
}
