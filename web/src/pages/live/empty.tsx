// Nothing has arrived yet: say how to send the first message, with this server's own address.

import { mqttAddress } from "../../lib/mqtt_address";
import { info } from "../../lib/session";
import { liveState } from "../../lib/live";
import { CopyLine } from "../../ui/parts";

export function LiveEmpty() {
  const [host, port] = mqttAddress(info.value?.mqttListen ?? "127.0.0.1:1883", location.hostname);
  const login = info.value?.anonymousMqtt === true ? "" : " -u USERNAME -P PASSWORD";
  const user = login === "" ? "" : "USERNAME:PASSWORD@";
  const at = `-h ${host} -p ${port}${login}`;
  return (
    <div class="page-inner live-empty">
      <div>
        <h1>Nothing has arrived yet</h1>
        <p class="gate-lead">
          Send a first message to the broker. It appears here at once, and it is stored.
        </p>
      </div>
      <section>
        <h2>One reading</h2>
        <CopyLine text={`mosquitto_pub ${at} -t home/kitchen/temperature -m 21.5`} />
      </section>
      <section>
        <h2>Several values in one message</h2>
        <CopyLine
          text={`mosquitto_pub ${at} -t home/bathroom/climate -m '{"temperature":22.4,"humidity":61}'`}
          wrap
        />
      </section>
      <section>
        <h2>No device at hand? weir plays one: a reading a second</h2>
        <CopyLine text={`weir sensor --url mqtt://${user}${host}:${port}`} />
      </section>
      <p class="waiting-line" role="status">
        <i class={`dot ${liveState.value === "open" ? "good" : "warn"}`} aria-hidden="true" />
        {liveState.value === "open"
          ? "Listening for the first message…"
          : "Connecting to the server…"}
      </p>
    </div>
  );
}
