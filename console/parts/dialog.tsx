import type { ComponentChildren, JSX } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { Sign } from "./icons.tsx";

interface DialogProps {
  readonly title: string;
  /** Called when the dialog was closed, in whichever way. */
  readonly onClose: () => void;
  /** While something runs the dialog stays. */
  readonly isBusy?: boolean;
  readonly children: ComponentChildren;
}

/** A dialog above the page. Focus goes into it, and back to where it was when the dialog is closed. */
export function Dialog({ title, onClose, isBusy = false, children }: DialogProps): JSX.Element {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  // Before the next key can be pressed: in an effect that waits for a picture, it would go to the page.
  useLayoutEffect(() => {
    const before = document.activeElement;
    const shown = dialog.current;
    shown?.showModal();
    return () => {
      // While it is modal, nothing behind it takes the focus.
      shown?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
      else document.querySelector<HTMLElement>("main")?.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        if (!isBusy) onClose();
      }}
    >
      <div class="dialog-head">
        <h2 id={id}>{title}</h2>
        <button type="button" class="button is-plain is-square" disabled={isBusy} onClick={onClose}>
          <Sign name="close" />
          <span class="unseen">Close</span>
        </button>
      </div>
      {children}
    </dialog>
  );
}
