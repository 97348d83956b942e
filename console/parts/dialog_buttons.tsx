import type { JSX } from "preact";

interface DialogButtonsProps {
  /** What the button says that carries it out. */
  readonly verb: string;
  /** Whether something is lost. */
  readonly isDanger?: boolean;
  /** While it runs nothing can be pressed. */
  readonly isRunning: boolean;
  /** Defaults to the submission of the form around. */
  readonly onAct?: (() => void) | undefined;
  /** What the other button says. Defaults to `Cancel`. */
  readonly leave?: string;
  readonly onClose: () => void;
}

/** The two buttons at the end of a dialog: leave it, or do what it is for. */
export function DialogButtons({
  verb,
  isDanger = false,
  isRunning,
  onAct,
  leave = "Cancel",
  onClose,
}: DialogButtonsProps): JSX.Element {
  return (
    <div class="dialog-buttons">
      <button type="button" class="button" disabled={isRunning} onClick={onClose}>
        {leave}
      </button>
      <button
        type={onAct === undefined ? "submit" : "button"}
        class={isDanger ? "button is-danger" : "button is-main"}
        disabled={isRunning}
        onClick={onAct}
      >
        {verb}
      </button>
    </div>
  );
}
