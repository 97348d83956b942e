import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { type Failure, failureOf } from "../api/failure.ts";
import type { IssuedToken, Permission, Source } from "../api/source.ts";
import { Dialog } from "../parts/dialog.tsx";
import { DialogButtons } from "../parts/dialog_buttons.tsx";
import { Refusal } from "../parts/refusal.tsx";
import { TokenSecret } from "./token_secret.tsx";

interface IssueProps {
  readonly source: Source;
  readonly onClose: () => void;
  readonly onChange: () => void;
}

const PERMISSIONS: readonly (readonly [Permission, string])[] = [
  ["account", "Use of accounts: their state, device and statistics"],
  ["erase", "Deletion of accounts"],
  ["unredacted", "Snapshots with private keys. Only for debugging"],
  ["admin", "Administration: accounts and tokens, as this console does. Not for one account alone"],
];

const DAY_S = 86_400;

const EXPIRIES: readonly (readonly [label: string, seconds: number | undefined])[] = [
  ["Never", undefined],
  ["In 1 day", DAY_S],
  ["In 7 days", 7 * DAY_S],
  ["In 30 days", 30 * DAY_S],
  ["In 90 days", 90 * DAY_S],
  ["In 1 year", 365 * DAY_S],
];

/** What is wrong with the choices. */
function mistakeIn(permissions: readonly Permission[], account: string): string | undefined {
  if (permissions.length === 0) return "Choose at least one permission.";
  if (permissions.includes("admin") && account !== "")
    return "A token with admin cannot be limited to an account: leave the account empty.";
  return undefined;
}

/** Issues a token, and shows it once. */
export function IssueDialog({ source, onClose, onChange }: IssueProps): JSX.Element {
  const [label, setLabel] = useState("");
  const [account, setAccount] = useState("");
  const [permissions, setPermissions] = useState<readonly Permission[]>(["account"]);
  const [expiry, setExpiry] = useState(0);
  const [isRunning, setRunning] = useState(false);
  const [refusal, setRefusal] = useState<Failure | string | undefined>();
  const [issued, setIssued] = useState<IssuedToken | undefined>();
  const issue = async (event: Event): Promise<void> => {
    event.preventDefault();
    const mistake = mistakeIn(permissions, account);
    setRefusal(mistake);
    if (mistake !== undefined || isRunning) return;
    setRunning(true);
    try {
      const request = {
        permissions,
        label,
        account: account === "" ? undefined : account,
        expiresInS: EXPIRIES[expiry]?.[1],
      };
      setIssued(await source.issueToken(request));
      onChange();
    } catch (error) {
      setRefusal(failureOf(error));
    }
    setRunning(false);
  };
  if (issued !== undefined)
    return (
      <Dialog title="The new token" onClose={onClose}>
        <div class="dialog-body">
          <TokenSecret token={issued.token} />
          <div class="dialog-buttons">
            <button type="button" class="button is-main" onClick={onClose}>
              I have stored it
            </button>
          </div>
        </div>
      </Dialog>
    );
  return (
    <Dialog title="Issue a token" onClose={onClose} isBusy={isRunning}>
      <form class="dialog-body" onSubmit={(event) => void issue(event)} noValidate>
        <div class="field">
          <label for="label">Label, for people</label>
          <input
            id="label"
            type="text"
            maxLength={100}
            autoComplete="off"
            value={label}
            onInput={(event) => setLabel(event.currentTarget.value)}
          />
        </div>
        <div class="field">
          <label for="account">Account. Empty: all accounts</label>
          <input
            id="account"
            type="text"
            autoComplete="off"
            autoCapitalize="off"
            spellcheck={false}
            value={account}
            onInput={(event) => setAccount(event.currentTarget.value)}
          />
        </div>
        <Permissions chosen={permissions} onChange={setPermissions} />
        <div class="field">
          <label for="expiry">Expires</label>
          <select
            id="expiry"
            value={String(expiry)}
            onChange={(event) => setExpiry(Number(event.currentTarget.value))}
          >
            {EXPIRIES.map(([text], index) => (
              <option key={text} value={String(index)}>
                {text}
              </option>
            ))}
          </select>
        </div>
        <Refusal refusal={refusal} lookAt="the list of tokens" />
        <DialogButtons verb={isRunning ? "Issuing…" : "Issue"} isRunning={isRunning} onClose={onClose} />
      </form>
    </Dialog>
  );
}

interface PermissionsProps {
  readonly chosen: readonly Permission[];
  readonly onChange: (chosen: readonly Permission[]) => void;
}

function Permissions({ chosen, onChange }: PermissionsProps): JSX.Element {
  return (
    <fieldset class="choices">
      <legend>Allows</legend>
      {PERMISSIONS.map(([permission, means]) => (
        <label key={permission} class="choice">
          <input
            type="checkbox"
            checked={chosen.includes(permission)}
            onChange={(event) =>
              onChange(
                event.currentTarget.checked
                  ? [...chosen, permission]
                  : chosen.filter((other) => other !== permission),
              )
            }
          />
          <span>
            <strong>{permission}</strong>
            <span class="choice-means">{means}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
