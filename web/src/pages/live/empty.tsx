// Nothing has arrived yet: say how to send the first message, with this server's own address.

import { info } from "../../lib/session";
import { liveState } from "../../lib/live";
import { CopyLine } from "../../ui/parts";

// Where a device reaches the broker: a wildcard address means "the machine this page came from".
export function mqttAddress(listen: string, pageHost: string): [string, string] {
  const colon = listen.lastIndexOf(":");
  const host = listen.slice(0, colon).replace(/^\[|\]$/g, "");
  const anywhere = host === "" || host === "0.0.0.0" || host === "::" || host === "*";
  return [anywhere ? pageHost : host, listen.slice(colon + 1)];
}

export function LiveEmpty() {
  const [host, port] = mqttAddress(info.value?.mqttListen ?? "127.0.0.1:1883", location.hostname);
  const login = info.value?.anonymousMqtt === true ? "" : " -u USERNAME -P PASSWORD";
  const at = `-h ${host} -p ${port}${login}`;
  return (
    <div class="page-inner live-empty">
      <div>
        <h1>Nothing has arrived yet</h1>
        <p class="gate-lead">Send a first message to the broker. It appears here at once, and it is stored.</p>
      </div>
      <section>
        <h2>One reading</h2>
        <CopyLine text={`mosquitto_pub ${at} -t home/kitchen/temperature -m 21.5`} />
      </section>
      <section>
        <h2>One reading a second</h2>
        <CopyLine text={`while sleep 1; do echo $((RANDOM % 31)); done | mosquitto_pub ${at} -t temperature -l`} />
      </section>
      <section>
        <h2>Several values in one message</h2>
        <CopyLine text={`mosquitto_pub ${at} -t home/bathroom/climate -m '{"temperature":22.4,"humidity":61}'`} />
      </section>
      <p class="waiting-line" role="status">
        <i class={`dot ${liveState.value === "open" ? "good" : "warn"}`} aria-hidden="true" />
        {liveState.value === "open" ? "Listening for the first message…" : "Connecting to the server…"}
      </p>
    </div>
  );
}
