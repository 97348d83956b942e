import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { ActionName, Limits } from "../../src/console/model.ts";
import { type Failure, failureOf } from "../api/failure.ts";
import type { Source } from "../api/source.ts";
import { ConfirmField } from "../parts/confirm_field.tsx";
import { Consequences } from "../parts/consequences.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { DialogButtons } from "../parts/dialog_buttons.tsx";
import { Refusal } from "../parts/refusal.tsx";
import { announce, tell } from "../state/announcer.ts";
import { ACTION_WORDS } from "../words/actions.ts";
import { LimitFields, limitsOf, typedLimits } from "./limit_fields.tsx";

/** An action that is about to be done. */
export interface Intent {
  readonly action: ActionName;
  /** Of a restore and an undo: which one. */
  readonly id?: string;
  /** What the id means to a person. */
  readonly what?: string;
  /** Of `limit`: those that hold now. */
  readonly limits?: Limits | undefined;
}

interface ActionDialogProps {
  readonly source: Source;
  readonly account: string;
  readonly intent: Intent;
  readonly onClose: () => void;
  readonly onDone: (action: ActionName) => void;
}

/** Says what is kept and what is lost, asks for the name where something is lost, and does it. */
export function ActionDialog({ source, account, intent, onClose, onDone }: ActionDialogProps): JSX.Element {
  const { action, id, what, limits: held } = intent;
  const words = ACTION_WORDS[action];
  const mustType = words.lost.length > 0;
  const [typed, setTyped] = useState("");
  const [limits, setLimits] = useState(() => typedLimits(held));
  const [isRunning, setRunning] = useState(false);
  const [refusal, setRefusal] = useState<Failure | string | undefined>();
  const field = useRef<HTMLInputElement>(null);
  const act = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isRunning) return;
    if (mustType && typed !== account) {
      setRefusal("This is not the name of the account. Nothing was done.");
      field.current?.focus();
      return;
    }
    const asked = action === "limit" ? limitsOf(limits) : undefined;
    if (typeof asked === "string") {
      setRefusal(asked);
      return;
    }
    setRefusal(undefined);
    setRunning(true);
    announce(words.running);
    try {
      const { said } = await source.act(account, action, {
        ...{ confirm: mustType ? typed : account, id },
        limits: asked,
      });
      tell({ tone: "done", text: said });
      onClose();
      onDone(action);
    } catch (error) {
      setRefusal(failureOf(error));
      setRunning(false);
    }
  };
  return (
    <Dialog title={`${words.label}: ${account}`} onClose={onClose} isBusy={isRunning}>
      <form class="dialog-body" onSubmit={(event) => void act(event)} noValidate>
        {what !== undefined && <p class="dialog-what">{what}</p>}
        <p>{words.does}</p>
        {action === "limit" && (
          <LimitFields typed={limits} isRefused={refusal !== undefined} onType={setLimits} />
        )}
        <Consequences title="What is kept" tone="kept" texts={words.kept} />
        {mustType && <Consequences title="What is lost" tone="lost" texts={words.lost} />}
        {mustType && (
          <ConfirmField name={account} typed={typed} onType={setTyped} field={field} refusal={refusal} />
        )}
        <Refusal refusal={refusal} lookAt="the account" />
        <DialogButtons
          verb={isRunning ? words.running : words.verb}
          isDanger={mustType}
          isRunning={isRunning}
          onClose={onClose}
        />
      </form>
    </Dialog>
  );
}
