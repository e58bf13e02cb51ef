// Making a token: for some buckets, or for everything.

import { useState } from "preact/hooks";
import { allAccess, api, type Authorization, type Bucket, type Permission } from "../lib/api";
import { info, me } from "../lib/session";
import { Dialog, DialogActions } from "../ui/dialog";
import { ErrorNote, Field, Segments } from "../ui/parts";
import { useForm } from "../ui/work";

type Scope = "buckets" | "all";
const kScopes: [Scope, string][] = [
  ["buckets", "Some buckets"],
  ["all", "Everything"],
];

export function CreateToken(props: {
  buckets: Bucket[];
  onClose: () => void;
  onMade: (made: Authorization) => void;
}) {
  const [scope, setScope] = useState<Scope>("buckets");
  const { error, busy, submit } = useForm(async (form) => {
    const orgID = info.value!.orgID;
    const chosen = (action: "read" | "write") =>
      form.getAll(action).map((id): Permission => ({
        action,
        resource: { type: "buckets", id: String(id), orgID },
      }));
    const permissions =
      scope === "all" ? allAccess(orgID, me.value!.id) : [...chosen("read"), ...chosen("write")];
    if (permissions.length === 0)
      throw new Error("Choose at least one bucket to read or to write.");
    const description = String(form.get("description")).trim();
    props.onMade(await api.createAuthorization(orgID, description, permissions));
  });
  return (
    <Dialog title="New token" onClose={props.onClose}>
      <form class="dialog-form" onSubmit={submit}>
        <Field label="Description" hint="Which program, on which machine">
          {(attributes) => (
            <input {...attributes} class="input" name="description" required autofocus />
          )}
        </Field>
        <div class="field">
          <b style="font-weight:500">It may use</b>
          <div>
            <Segments label="It may use" value={scope} choices={kScopes} onChange={setScope} />
          </div>
        </div>
        {scope === "buckets" ? (
          <table class="table rights">
            <thead>
              <tr>
                <th scope="col">Bucket</th>
                <th scope="col">Read</th>
                <th scope="col">Write</th>
              </tr>
            </thead>
            <tbody>
              {props.buckets.map((bucket) => (
                <tr key={bucket.id}>
                  <td>{bucket.name}</td>
                  {(["read", "write"] as const).map((action) => (
                    <td key={action}>
                      <input
                        type="checkbox"
                        name={action}
                        value={bucket.id}
                        aria-label={`${action} ${bucket.name}`}
                      />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        ) : (
          <p class="note">
            Reads and writes all buckets, makes and deletes buckets and tokens. For programs you
            trust like yourself.
          </p>
        )}
        <ErrorNote error={error} />
        <DialogActions word="Create" disabled={busy} onClose={props.onClose} />
      </form>
    </Dialog>
  );
}
