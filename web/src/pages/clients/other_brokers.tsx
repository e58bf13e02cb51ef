// The server's own connections to other brokers, above the clients; nothing where there are none.

import { useEffect, useState } from "preact/hooks";
import { broker, type OtherBroker } from "../../lib/broker";
import { plural } from "../../lib/format";
import { ago, moment } from "../../lib/time";

const kRefreshMs = 5000;

export function OtherBrokers() {
  const [others, setOthers] = useState<OtherBroker[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    const load = () => broker.others(stop.signal).then(setOthers, () => undefined);
    void load();
    const timer = setInterval(() => !document.hidden && void load(), kRefreshMs);
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, []);
  if (others.length === 0) return null;
  return (
    <ul class="other-brokers" aria-label="Other brokers">
      {others.map((one) => (
        <li key={one.name}>
          <i class={`dot ${one.connected ? "good" : "bad"}`} aria-hidden="true" />
          <b>{one.name}</b>
          <code class="one-line">{one.url}</code>
          <span class="faint" title={moment(Date.parse(one.since))}>
            {one.connected ? "connected" : "not connected"} for{" "}
            {ago(Date.parse(one.since), Date.now()).replace(" ago", "").replace("now", "a moment")}
            {one.waiting + one.unacknowledged > 0 &&
              `, ${plural(one.waiting + one.unacknowledged, "message")} on the way`}
          </span>
          {!one.connected && one.lastError !== null && <p>{one.lastError}</p>}
        </li>
      ))}
    </ul>
  );
}
