import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { failureOf } from "../api/failure.ts";
import type { Source, TokenRow } from "../api/source.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Sign } from "../parts/icons.tsx";
import { sentence } from "../parts/panel.tsx";
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
  const [refusal, setRefusal] = useState<string | undefined>();
  const field = useRef<HTMLInputElement>(null);
  const revoke = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isRunning) return;
    if (typed !== name) {
      setRefusal("This is not the name of the token. It is not revoked.");
      field.current?.focus();
      return;
    }
    setRunning(true);
    try {
      await source.revokeToken(token.id);
      tell({ tone: "done", text: `Revoked ${name}.` });
      onClose();
      onChange();
    } catch (error) {
      setRefusal(sentence(failureOf(error).message));
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
        <div class="consequences is-kept">
          <h3>What is kept</h3>
          <ul>
            <li>The accounts, and every other token.</li>
          </ul>
        </div>
        <div class="consequences is-lost">
          <h3>What is lost</h3>
          <ul>
            <li>Whoever uses this token is refused from now on. It cannot be brought back.</li>
          </ul>
        </div>
        <div class="field">
          <label for="confirm">
            Type <code>{name}</code> to go on
          </label>
          <input
            ref={field}
            id="confirm"
            type="text"
            autoComplete="off"
            autoCapitalize="off"
            spellcheck={false}
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </div>
        {refusal !== undefined && (
          <p class="refusal" role="alert">
            <Sign name="warning" />
            {refusal}
          </p>
        )}
        <div class="dialog-buttons">
          <button type="button" class="button" disabled={isRunning} onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button is-danger" disabled={isRunning}>
            {isRunning ? "Revoking…" : "Revoke"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
