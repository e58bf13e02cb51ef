// Follows a topic into the store: asks what its newest message becomes, fills the chart with what is
// already stored, and links to Explore.

import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { api, query, type Explanation } from "../../lib/api";
import { joinList } from "../../lib/explore_state";
import { quote } from "../../lib/flux";
import { parsePointKey, type PointKey } from "../../lib/line_protocol";
import { link } from "../../lib/route";
import { seriesOf, type Series } from "../../lib/series";
import { info } from "../../lib/session";
import { automaticWindow, formatDuration, parseDuration } from "../../lib/time";
import type { Message } from "../../lib/topics";

// About two for each pixel of the chart.
const kStoredPointsMax = 1800;

interface Found {
  explanation: Explanation;
  keys: PointKey[];
}

// The stored field a key of the payload went to: the same name, its last step, or the only one.
function fieldFor(keys: PointKey[], key: string | null): [PointKey, string] | null {
  if (key === null) return null;
  const wanted = [key, key.split(".").at(-1)!, key.replaceAll(".", "_")];
  for (const point of keys) {
    for (const name of wanted) if (point.fields.includes(name)) return [point, name];
  }
  const only = keys.length === 1 && keys[0]!.fields.length === 1 ? keys[0]! : null;
  return only === null ? null : [only, only.fields[0]!];
}

function historyFlux(bucket: string, point: PointKey, field: string, window: string): string {
  // The newest value of each small window: the picture of every value, however fast they came.
  const every = formatDuration(automaticWindow(parseDuration(window)!, kStoredPointsMax));
  const terms = [
    ["_measurement", point.measurement],
    ["_field", field],
    ...Object.entries(point.tags),
  ];
  const filters = terms.map(
    ([name, text]) => `  |> filter(fn: (r) => r[${quote(name!)}] == ${quote(text!)})`,
  );
  return [
    `from(bucket: ${quote(bucket)})`,
    `  |> range(start: -${window})`,
    ...filters,
    `  |> aggregateWindow(every: ${every}, fn: last, createEmpty: false)`,
  ].join("\n");
}

export function useStoredHistory(
  topic: string,
  last: Message,
  key: string | null,
  window: string,
): { series: Series | null; card: ComponentChildren } {
  const [found, setFound] = useState<Found | null>(null);
  const [series, setSeries] = useState<Series | null>(null);

  useEffect(() => {
    let current = true;
    if (last.payload === null || last.cut === true) return;
    api.explain(topic, last.payload, last.retain).then(
      (explanation) => {
        if (!current) return;
        const keys = explanation.points
          .map(parsePointKey)
          .filter((one): one is PointKey => one !== null);
        setFound({ explanation, keys });
      },
      () => undefined, // without it the page shows what it hears itself
    );
    return () => {
      current = false;
    };
  }, [topic]);

  const place = fieldFor(found?.keys ?? [], key);
  const flux =
    place === null || info.value === null
      ? null
      : historyFlux(info.value.defaultBucket, place[0], place[1], window);
  useEffect(() => {
    setSeries(null);
    if (flux === null) return;
    const abort = new AbortController();
    query(info.value!.orgID, flux, undefined, abort.signal).then(
      (answer) => setSeries(seriesOf(answer.tables)[0] ?? null),
      () => undefined,
    );
    return () => abort.abort();
  }, [flux]);

  return { series, card: found === null ? null : <StoredCard found={found} place={place} /> };
}

function StoredCard({ found, place }: { found: Found; place: [PointKey, string] | null }) {
  const { explanation, keys } = found;
  const point = place?.[0] ?? keys[0];
  const explore =
    point === undefined
      ? null
      : link("explore", {
          bucket: info.value?.defaultBucket,
          m: point.measurement,
          f: joinList([place?.[1] ?? point.fields[0]!]),
          ...Object.fromEntries(
            Object.entries(point.tags).map(([name, text]) => [`t.${name}`, joinList([text])]),
          ),
        });
  return (
    <section class="panel stored">
      <header>
        <h2>{keys.length > 0 ? "Stored as" : "Not stored"}</h2>
        {explanation.rule !== null && (
          <span class="faint">
            {explanation.rule === "auto" ? "by the automatic mapping" : `by ${explanation.rule}`}
          </span>
        )}
        {explore !== null && (
          <a class="button small" href={explore}>
            Open in Explore
          </a>
        )}
      </header>
      {keys.length === 0 ? (
        <p>{explanation.dropped ?? "No rule took this message."}</p>
      ) : (
        <pre class="payload" tabIndex={0} aria-label="Points">
          {explanation.points.slice(0, 20).join("\n")}
        </pre>
      )}
      {explanation.warnings.map((warning) => (
        <p key={warning} class="warning">
          {warning}
        </p>
      ))}
    </section>
  );
}
