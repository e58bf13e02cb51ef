// Clients: who is connected to the broker or expected back, and how each of them fares.

import { useLayoutEffect } from "preact/hooks";
import type { ClientOrder, ClientState } from "../../lib/broker";
import { count } from "../../lib/format";
import { route, setParams } from "../../lib/route";
import { Icon } from "../../ui/icons";
import { ErrorNote, SearchInput, Segments } from "../../ui/parts";
import "../../styles/clients.css";
import { ClientView } from "./client_view";
import { ClientTable } from "./client_table";
import { OtherBrokers } from "./other_brokers";
import { useClients } from "./use_clients";

const kStates: [ClientState, string][] = [
  ["all", "All"],
  ["connected", "Connected"],
  ["kept", "Away"],
];

export function ClientsPage() {
  const params = route.value.params;
  const chosen = params.get("client");
  const text = params.get("find") ?? "";
  const state = (params.get("state") ?? "all") as ClientState;
  const sort = (params.get("sort") ?? "clientID") as ClientOrder;
  const descending = params.get("down") === "1";
  const list = useClients({ text, state, sort, descending });

  const turn = (order: ClientOrder) => {
    // Figures are looked at from the largest down, names from A.
    const first = order !== "clientID" && order !== "user";
    const down = order === sort ? !descending : first;
    setParams({ sort: order === "clientID" ? undefined : order, down: down ? "1" : undefined });
  };
  const all = list.connected + list.kept;
  const none = list.known && all === 0;
  return (
    <div class={`clients${chosen === null ? "" : " has-client"}`}>
      <section class="clients-list" aria-label="Clients">
        <header class="clients-head">
          <h1>Clients</h1>
          <p role="status" class="clients-sum">
            {list.known && (
              <>
                <i class="dot good" aria-hidden="true" /> {count(list.connected)} connected
                {list.kept > 0 && (
                  <>
                    <i class="dot" aria-hidden="true" /> {count(list.kept)} away
                  </>
                )}
              </>
            )}
          </p>
          <div class="clients-tools">
            <SearchInput
              main
              label="Find clients"
              placeholder="Client, user, address…"
              finds=".client-rows [data-at] button"
              value={text}
              onInput={(next) => setParams({ find: next })}
            />
            <Segments
              label="Which clients"
              value={state}
              choices={kStates}
              onChange={(next) => setParams({ state: next === "all" ? undefined : next })}
            />
          </div>
        </header>
        <ErrorNote error={list.error} />
        <OtherBrokers />
        {list.known && !none && list.matching === 0 && (
          <p class="clients-none">
            No client matches
            {state !== "all" && ` among those ${state === "kept" ? "away" : "connected"}`}.{" "}
            <button
              type="button"
              class="button small"
              onClick={() => setParams({ find: undefined, state: undefined })}
            >
              Show all {count(all)}
            </button>
          </p>
        )}
        {none ? (
          <div class="empty">
            <Icon name="clients" size={28} />
            <h2>Nobody is connected</h2>
            <p>
              Clients show here as soon as they connect to the broker, with all they send and are
              sent.
            </p>
          </div>
        ) : list.known && list.matching === 0 ? null : (
          <ClientTable
            list={list}
            chosen={chosen}
            sort={sort}
            descending={descending}
            onSort={turn}
            onChoose={(client) => setParams({ client }, chosen !== null)}
          />
        )}
      </section>
      {chosen !== null && (
        <ChosenClient
          key={chosen}
          clientID={chosen}
          onClose={() => {
            setParams({ client: undefined });
            // Back to where it was opened, for who goes by keyboard.
            const row = `.client-rows button[title="${CSS.escape(chosen)}"]`;
            requestAnimationFrame(() => document.querySelector<HTMLElement>(row)?.focus());
          }}
        />
      )}
    </div>
  );
}

function ChosenClient({ clientID, onClose }: { clientID: string; onClose: () => void }) {
  // With the view itself, not after it was painted: who closes it at once is heard.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || document.querySelector("dialog[open], .menu-list") !== null)
        return;
      if ((event.target as HTMLElement).closest("input, textarea") !== null) return;
      onClose();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
  return <ClientView clientID={clientID} onClose={onClose} />;
}
