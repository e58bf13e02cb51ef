// What a bucket's series are made of: where too many of them come from.

import { useEffect, useState } from "preact/hooks";
import { api, type Bucket, type Cardinality } from "../lib/api";
import { count } from "../lib/format";
import { Dialog } from "../ui/dialog";
import { ErrorNote, messageOf } from "../ui/parts";

export function BucketSeries(props: { bucket: Bucket; onClose: () => void }) {
  const [found, setFound] = useState<Cardinality | null>(null);
  const [error, setError] = useState("");
  useEffect(() => {
    api.cardinality(props.bucket.id).then(setFound, (failed) => setError(messageOf(failed)));
  }, [props.bucket.id]);
  return (
    <Dialog title={`Series of ${props.bucket.name}`} onClose={props.onClose}>
      <ErrorNote error={error} />
      {found === null ? (
        error === "" && <div class="skeleton" style="height:160px" />
      ) : (
        <>
          <p>
            {count(found.series)} series
            {found.maxSeries > 0 ? ` of at most ${count(found.maxSeries)}` : ""}, by measurement and
            the values of their tags. A tag with a new value for every container, session or request
            makes a new series each time.
          </p>
          <table class="table dense">
            <thead>
              <tr>
                <th scope="col">
                  Measurement{more(found.measurements.length, found.measurementCount)}
                </th>
                <th scope="col" class="number">
                  Series
                </th>
                <th scope="col" class="number">
                  Fields
                </th>
              </tr>
            </thead>
            <tbody>
              {found.measurements.map((one) => (
                <tr key={one.name}>
                  <td class="long" title={one.name}>
                    {one.name}
                  </td>
                  <td class="number">{count(one.series)}</td>
                  <td class="number">{count(one.fields)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <table class="table dense">
            <thead>
              <tr>
                <th scope="col">Tag{more(found.tags.length, found.tagCount)}</th>
                <th scope="col" class="number">
                  Values
                </th>
                <th scope="col" class="number">
                  Series
                </th>
                <th scope="col">Commonest value</th>
              </tr>
            </thead>
            <tbody>
              {found.tags.map((one) => (
                <tr key={one.key}>
                  <td class="long" title={one.key}>
                    {one.key}
                  </td>
                  <td class="number">{count(one.values)}</td>
                  <td class="number">{count(one.series)}</td>
                  <td class="long" title={one.largestValue}>
                    {one.largestValueSeries > 1
                      ? `${count(one.largestValueSeries)} × ${one.largestValue}`
                      : "each in one series"}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
      <div class="dialog-actions">
        <button type="button" class="button" onClick={props.onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}

function more(shown: number, all: number): string {
  return shown < all ? `, ${shown} of ${count(all)}` : "";
}
