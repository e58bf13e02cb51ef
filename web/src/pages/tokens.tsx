// API tokens: made here, shown once, switched off or deleted.

import { useEffect, useState } from "preact/hooks";
import { api, type Authorization, type Bucket, type Permission } from "../lib/api";
import { Icon } from "../ui/icons";
import { Dialog, DialogActions } from "../ui/dialog";
import { CopyLine, ErrorNote, Menu, messageOf, toast } from "../ui/parts";
import { CreateToken } from "./create_token";

type Open =
  | { what: "create" }
  | { what: "made"; token: string; description: string }
  | { what: "delete"; one: Authorization }
  | null;

export function TokensPage() {
  const [list, setList] = useState<Authorization[] | null>(null);
  const [buckets, setBuckets] = useState<Bucket[]>([]);
  const [error, setError] = useState("");
  const [open, setOpen] = useState<Open>(null);

  const load = async () => {
    try {
      const [authorizations, found] = await Promise.all([api.authorizations(), api.buckets()]);
      setList(authorizations);
      setBuckets(found);
      setError("");
    } catch (failed) {
      setError(messageOf(failed));
    }
  };
  useEffect(() => void load(), []);

  const act = async (work: Promise<unknown>, text: string) => {
    try {
      await work;
      toast(text);
    } catch (failed) {
      toast(messageOf(failed), true);
    }
    await load();
  };
  const close = () => setOpen(null);
  return (
    <div class="page-inner">
      <header class="page-head">
        <div>
          <h1>Tokens</h1>
          <p>
            Programs sign in with a token. Give each its own, with no more rights than it needs.
          </p>
        </div>
        <button type="button" class="button primary" onClick={() => setOpen({ what: "create" })}>
          <Icon name="plus" /> New token
        </button>
      </header>
      <ErrorNote error={error} />
      {list === null ? (
        <div class="skeleton" style="height:200px" />
      ) : list.length === 0 ? (
        <div class="panel empty">
          <h2>No tokens yet</h2>
          <p>Make one for each program that reads or writes here.</p>
        </div>
      ) : (
        <div class="panel">
          <table class="table cards">
            <thead>
              <tr>
                <th scope="col">Description</th>
                <th scope="col">May</th>
                <th scope="col">State</th>
                <th scope="col">Made</th>
                <th scope="col">
                  <span class="hidden-text">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {list.map((one) => (
                <TokenRow
                  key={one.id}
                  one={one}
                  buckets={buckets}
                  onDelete={() => setOpen({ what: "delete", one })}
                  onAct={act}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {open?.what === "create" && (
        <CreateToken
          buckets={buckets.filter((bucket) => !bucket.name.startsWith("_"))}
          onClose={close}
          onMade={(made) => {
            setOpen({ what: "made", token: made.token ?? "", description: made.description });
            void load();
          }}
        />
      )}
      {open?.what === "made" && (
        <Dialog
          title={open.description === "" ? "The new token" : open.description}
          onClose={close}
        >
          <p>
            Copy it now: it is shown <b>only this once</b>. weir keeps no copy that could be read
            back.
          </p>
          <CopyLine text={open.token} wrap />
          <div class="dialog-actions">
            <button type="button" class="button primary" onClick={close}>
              I have saved it
            </button>
          </div>
        </Dialog>
      )}
      {open?.what === "delete" && (
        <Dialog title="Delete this token?" onClose={close}>
          <p>
            Programs that use <b>{open.one.description === "" ? "it" : open.one.description}</b> are
            refused from then on. To try that first, switch it off.
          </p>
          <DialogActions
            word="Delete"
            danger
            onClose={close}
            onAct={() => {
              close();
              void act(api.deleteAuthorization(open.one.id), "The token is deleted");
            }}
          />
        </Dialog>
      )}
    </div>
  );
}

// "read sensors, energy · write sensors", or what stands for more than buckets.
function rights(permissions: Permission[], buckets: Bucket[]): string {
  const types = new Set(permissions.map((one) => one.resource.type));
  const writes = permissions.some((one) => one.action === "write");
  if (types.size > 3) return writes ? "everything" : "read everything";
  const name = (one: Permission) => {
    if (one.resource.id === undefined)
      return one.resource.type === "buckets" ? "all buckets" : one.resource.type;
    return (
      buckets.find((bucket) => bucket.id === one.resource.id)?.name ??
      `a deleted ${one.resource.type.replace(/s$/, "")}`
    );
  };
  const list = (action: string) => permissions.filter((one) => one.action === action).map(name);
  const parts = (["read", "write"] as const)
    .map((action) => [action, list(action)] as const)
    .filter(([, names]) => names.length > 0)
    .map(([action, names]) => `${action} ${names.join(", ")}`);
  return parts.length === 0 ? "nothing" : parts.join(" · ");
}

function TokenRow(props: {
  one: Authorization;
  buckets: Bucket[];
  onDelete: () => void;
  onAct: (work: Promise<unknown>, text: string) => Promise<void>;
}) {
  const { one } = props;
  const active = one.status === "active";
  const name = one.description === "" ? "no description" : one.description;
  return (
    <tr>
      <td>
        {name}
        <small>{one.user}</small>
      </td>
      <td data-label="May">{rights(one.permissions, props.buckets)}</td>
      <td data-label="State">
        <span class="state">
          <i class={`dot ${active ? "good" : ""}`} aria-hidden="true" /> {active ? "active" : "off"}
        </span>
      </td>
      <td data-label="Made">{one.createdAt?.slice(0, 10) ?? "–"}</td>
      <td class="actions">
        <Menu
          label={`Actions of ${name}`}
          buttonClass="button quiet small icon"
          align="right"
          button={<Icon name="more" />}
        >
          <button
            type="button"
            onClick={() =>
              void props.onAct(
                api.setAuthorizationStatus(one.id, active ? "inactive" : "active"),
                active ? "The token is switched off" : "The token is active",
              )
            }
          >
            <Icon name={active ? "pause" : "play"} /> {active ? "Switch off" : "Switch on"}
          </button>
          <hr />
          <button type="button" class="danger-text" onClick={props.onDelete}>
            <Icon name="trash" /> Delete…
          </button>
        </Menu>
      </td>
    </tr>
  );
}
