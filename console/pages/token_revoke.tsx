import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { type Failure, failureOf } from "../api/failure.ts";
import type { Source, TokenRow } from "../api/source.ts";
import { ConfirmField } from "../parts/confirm_field.tsx";
import { Consequences } from "../parts/consequences.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { DialogButtons } from "../parts/dialog_buttons.tsx";
import { Refusal } from "../parts/refusal.tsx";
import { Facts } from "../parts/table.tsx";
import { Ago, At, Nothing } from "../parts/times.tsx";
import { tell } from "../state/announcer.ts";
import { nameOf } from "./tokens.tsx";

interface RevokeProps {
  readonly source: Source;
  readonly token: TokenRow;
  readonly onClose: () => void;
  readonly onChange: () => void;
}

/** Revokes a token, when its name was typed. */
export function RevokeDialog({ source, token, onClose, onChange }: RevokeProps): JSX.Element {
  const name = nameOf(token);
  const [typed, setTyped] = useState("");
  const [isRunning, setRunning] = useState(false);
  const [refusal, setRefusal] = useState<Failure | string | undefined>();
  const field = useRef<HTMLInputElement>(null);
  const revoke = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isRunning) return;
    if (typed !== name) {
      setRefusal("This is not the name of the token. It is not revoked.");
      field.current?.focus();
      return;
    }
    setRefusal(undefined);
    setRunning(true);
    try {
      await source.revokeToken(token.id);
      tell({ tone: "done", text: `Revoked ${name}.` });
      onClose();
      onChange();
    } catch (error) {
      setRefusal(failureOf(error));
      setRunning(false);
    }
  };
  return (
    <Dialog title={`Revoke: ${name}`} onClose={onClose} isBusy={isRunning}>
      <form class="dialog-body" onSubmit={(event) => void revoke(event)} noValidate>
        {/* A token that was rotated has the label of the new one. */}
        <Facts
          facts={[
            ["Id", <code key="id">{token.id}</code>],
            ["Created", <At key="created" atMs={token.createdAtMs} />],
            [
              "Last used",
              token.lastUsedAtMs === undefined ? (
                <Nothing key="used" text="never" />
              ) : (
                <Ago key="used" atMs={token.lastUsedAtMs} />
              ),
            ],
          ]}
        />
        <Consequences title="What is kept" tone="kept" texts={["The accounts, and every other token."]} />
        <Consequences
          title="What is lost"
          tone="lost"
          texts={["Clients with this token are refused from now on. It cannot be brought back."]}
        />
        <ConfirmField name={name} typed={typed} onType={setTyped} field={field} refusal={refusal} />
        <Refusal refusal={refusal} lookAt="the list of tokens" />
        <DialogButtons
          verb={isRunning ? "Revoking…" : "Revoke"}
          isDanger
          isRunning={isRunning}
          onClose={onClose}
        />
      </form>
    </Dialog>
  );
}
