import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { type Failure, failureOf } from "../api/failure.ts";
import type { IssuedToken, Source, TokenRow } from "../api/source.ts";
import { Dialog } from "../parts/dialog.tsx";
import { DialogButtons } from "../parts/dialog_buttons.tsx";
import { Refusal } from "../parts/refusal.tsx";
import { tell } from "../state/announcer.ts";
import { TokenSecret } from "./token_secret.tsx";
import { nameOf } from "./tokens.tsx";

interface RotateProps {
  readonly source: Source;
  readonly token: TokenRow;
  readonly onClose: () => void;
  readonly onChange: () => void;
}

/** A new token is valid for as long as the one that it replaces was at first. */
function expiryOf({ expiresAtMs, createdAtMs }: TokenRow): number | undefined {
  return expiresAtMs === undefined
    ? undefined
    : Math.max(60, Math.round((expiresAtMs - createdAtMs) / 1_000));
}

/**
 * Replaces a token by one with the same scope. The old one is revoked only when the new one is in place, so
 * that its clients are never without one.
 */
export function RotateDialog({ source, token, onClose, onChange }: RotateProps): JSX.Element {
  const name = nameOf(token);
  const [issued, setIssued] = useState<IssuedToken | undefined>();
  const [isRunning, setRunning] = useState(false);
  const [refusal, setRefusal] = useState<Failure | undefined>();
  const run = async (step: () => Promise<void>): Promise<void> => {
    setRunning(true);
    setRefusal(undefined);
    try {
      await step();
    } catch (error) {
      setRefusal(failureOf(error));
    }
    setRunning(false);
  };
  const issue = async (): Promise<void> => {
    const { permissions, label, account } = token;
    const request = { permissions, label, account: account ?? undefined, expiresInS: expiryOf(token) };
    setIssued(await source.issueToken(request));
    onChange();
  };
  const revoke = async (): Promise<void> => {
    await source.revokeToken(token.id);
    tell({ tone: "done", text: `Rotated ${name}. The old token is revoked.` });
    onClose();
    onChange();
  };
  return (
    <Dialog title={`Rotate: ${name}`} onClose={onClose} isBusy={isRunning}>
      <div class="dialog-body">
        {issued === undefined ? (
          <>
            <p>
              First a new token with the same scope is issued and shown once. Then, when its client uses the
              new one, the old one is revoked here. Until then both are valid.
            </p>
            <p class="note">
              Scope: {token.account ?? "all accounts"}, {token.permissions.join(", ")}.
            </p>
          </>
        ) : (
          <>
            <TokenSecret token={issued.token} />
            <p>
              Revoke the old one when the new one is in place: clients that still use it are refused from then
              on.
            </p>
          </>
        )}
        <Refusal refusal={refusal} lookAt="the list of tokens" />
        <DialogButtons
          verb={issued === undefined ? "Issue the new token" : "Revoke the old one"}
          isDanger={issued !== undefined}
          isRunning={isRunning}
          onAct={() => void run(issued === undefined ? issue : revoke)}
          leave={issued === undefined ? "Cancel" : "Keep the old one for now"}
          onClose={onClose}
        />
      </div>
    </Dialog>
  );
}
