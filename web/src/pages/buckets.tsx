// Buckets: what is stored, how much of it, for how long.

import { useEffect, useState } from "preact/hooks";
import { api, type Bucket, type BucketStatistics } from "../lib/api";
import { bytes, compact, count } from "../lib/format";
import { retentionText } from "../lib/retention";
import { link } from "../lib/route";
import { info } from "../lib/session";
import { ago, moment } from "../lib/time";
import { Icon } from "../ui/icons";
import { ErrorNote, Menu, messageOf, toast } from "../ui/parts";
import { CreateBucket, DeleteBucket, EditBucket } from "./bucket_dialogs";
import { BucketSeries } from "./bucket_series";

const kRefreshMs = 5000;

type Open = { what: "create" } | { what: "edit" | "delete" | "series"; bucket: Bucket } | null;

export function BucketsPage() {
  const [buckets, setBuckets] = useState<Bucket[] | null>(null);
  const [statistics, setStatistics] = useState<Map<string, BucketStatistics>>(new Map());
  const [error, setError] = useState("");
  const [open, setOpen] = useState<Open>(null);

  const load = async () => {
    try {
      setBuckets(await api.buckets());
      const found = await api.statistics();
      setStatistics(new Map(found.buckets.map((one) => [one.id, one])));
      setError("");
    } catch (failed) {
      setError(messageOf(failed));
    }
  };
  useEffect(() => {
    void load();
    const timer = setInterval(() => !document.hidden && void load(), kRefreshMs);
    return () => clearInterval(timer);
  }, []);

  const close = () => setOpen(null);
  const done = (text: string) => {
    setOpen(null);
    toast(text);
    void load();
  };
  const users =
    buckets?.filter((bucket) => bucket.type !== "system" && !bucket.name.startsWith("_")) ?? [];
  const systems = buckets?.filter((bucket) => !users.includes(bucket)) ?? [];
  return (
    <div class="page-inner">
      <header class="page-head">
        <h1>Buckets</h1>
        <button type="button" class="button primary" onClick={() => setOpen({ what: "create" })}>
          <Icon name="plus" /> New bucket
        </button>
      </header>
      <ErrorNote error={error} />
      {buckets === null ? (
        <div class="skeleton" style="height:240px" />
      ) : (
        <div class="panel">
          <table class="table cards">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Kept</th>
                <th scope="col" class="number">
                  Series
                </th>
                <th scope="col" class="number">
                  Values written
                </th>
                <th scope="col" class="number">
                  On disk
                </th>
                <th scope="col">Last value</th>
                <th scope="col">
                  <span class="hidden-text">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {[...users, ...systems].map((bucket) => (
                <BucketRow
                  key={bucket.id}
                  bucket={bucket}
                  statistics={statistics.get(bucket.id)}
                  system={systems.includes(bucket)}
                  onOpen={setOpen}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {open?.what === "create" && <CreateBucket onClose={close} onDone={done} />}
      {open?.what === "edit" && <EditBucket bucket={open.bucket} onClose={close} onDone={done} />}
      {open?.what === "series" && <BucketSeries bucket={open.bucket} onClose={close} />}
      {open?.what === "delete" && (
        <DeleteBucket
          bucket={open.bucket}
          statistics={statistics.get(open.bucket.id)}
          onClose={close}
          onDone={done}
        />
      )}
    </div>
  );
}

function BucketRow(props: {
  bucket: Bucket;
  statistics: BucketStatistics | undefined;
  system: boolean;
  onOpen: (open: Open) => void;
}) {
  const { bucket, statistics } = props;
  const lastTime = statistics?.lastTime == null ? null : Date.parse(statistics.lastTime);
  return (
    <tr>
      <td>
        <a href={link("explore", { bucket: bucket.name })}>{bucket.name}</a>
        {props.system && <small>weir's own</small>}
        {bucket.name === info.value?.defaultBucket && <small>messages are stored here</small>}
      </td>
      <td data-label="Kept">{retentionText(bucket.retentionRules[0]?.everySeconds ?? 0)}</td>
      <td class="number" data-label="Series">
        {statistics === undefined ? (
          "–"
        ) : (
          <button
            type="button"
            class="button number"
            title="What they are made of"
            onClick={() => props.onOpen({ what: "series", bucket })}
          >
            {count(statistics.series)}
          </button>
        )}
      </td>
      <td
        class="number"
        data-label="Values written"
        title={statistics === undefined ? undefined : count(statistics.valuesWritten)}
      >
        {statistics === undefined ? "–" : compact(statistics.valuesWritten)}
      </td>
      <td
        class="number"
        data-label="On disk"
        title={
          statistics === undefined
            ? undefined
            : `${bytes(statistics.diskBytes)} of chunks, ${bytes(statistics.logBytes)} of log`
        }
      >
        {statistics === undefined ? "–" : bytes(statistics.diskBytes + statistics.logBytes)}
        {statistics !== undefined && statistics.logBytes > 0 && (
          <small>{bytes(statistics.logBytes)} in the log</small>
        )}
      </td>
      <td data-label="Last value" title={lastTime === null ? undefined : moment(lastTime)}>
        {lastTime === null ? "–" : ago(lastTime, Date.now())}
      </td>
      <td class="actions">
        {!props.system && (
          <Menu
            label={`Actions of ${bucket.name}`}
            buttonClass="button quiet small icon"
            align="right"
            button={<Icon name="more" />}
          >
            <a href={link("explore", { bucket: bucket.name })}>
              <Icon name="explore" /> Explore
            </a>
            <button type="button" onClick={() => props.onOpen({ what: "edit", bucket })}>
              <Icon name="edit" /> Edit…
            </button>
            <hr />
            <button
              type="button"
              class="danger-text"
              onClick={() => props.onOpen({ what: "delete", bucket })}
            >
              <Icon name="trash" /> Delete…
            </button>
          </Menu>
        )}
      </td>
    </tr>
  );
}
