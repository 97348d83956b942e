import type { ActionName } from "../../src/console/model.ts";

/** What an action does, in words, before it is done. */
export interface ActionWords {
  /** On the button that opens the dialog. */
  readonly label: string;
  /** On the button that does it. */
  readonly verb: string;
  readonly does: string;
  readonly kept: readonly string[];
  /** Empty where nothing is taken away. Otherwise the name is typed again. */
  readonly lost: readonly string[];
  /** What is said while it runs. */
  readonly running: string;
}

export const ACTION_WORDS: Readonly<Record<ActionName, ActionWords>> = {
  flush: {
    label: "Flush",
    verb: "Flush now",
    does: "Everything that waits in memory is written in one commit, now and not at the next interval.",
    kept: ["Everything. The account stays open, and no message is delayed."],
    lost: [],
    running: "Saving…",
  },
  takeOver: {
    label: "Take over",
    verb: "Take over",
    does: "This service opens the account and becomes its owner. The owner elsewhere is fenced: it can save nothing more.",
    kept: ["Everything that is in the database.", "The device stays linked, and conversations go on."],
    lost: [
      "What the owner elsewhere has not saved yet. Message keys that it has used are skipped.",
      "The connection of the bot there: stop it, or it opens the account again and fences this one.",
    ],
    running: "Taking over…",
  },
  backup: {
    label: "Back up",
    verb: "Back up now",
    does: "A backup of this moment is written to the folder of backups.",
    kept: ["Everything. The account is not paused, and no owner is fenced."],
    lost: [],
    running: "Writing the backup…",
  },
  restore: {
    label: "Restore",
    verb: "Restore this backup",
    does: "The state of the backup takes the place of the present one. It counts as a copy: the first message to each device sets up a new session.",
    kept: [
      "The device stays linked, if it was linked at the time of the backup.",
      "The present state is retired, and can be brought back for seven days.",
    ],
    lost: [
      "Messages and changes since the backup.",
      "The open account: its owner is fenced, and has to open it again.",
    ],
    running: "Restoring…",
  },
  retire: {
    label: "Retire",
    verb: "Retire",
    does: "The account is set aside. Its name is free, and it can be brought back for seven days.",
    kept: [
      "The device, identities, LIDs, app state and sessions, for seven days. The device stays linked.",
      "The identity alone, when the rest is too large or cannot be read: the answer says so.",
    ],
    lost: [
      "Stored messages, skipped message keys and group metadata, at once.",
      "After seven days everything.",
    ],
    running: "Retiring…",
  },
  undo: {
    label: "Bring back",
    verb: "Bring back",
    does: "The retired account gets its name again. It counts as a copy: the first message to each device sets up a new session.",
    kept: ["Everything that was set aside with it."],
    lost: [],
    running: "Bringing it back…",
  },
  limit: {
    label: "Limits",
    verb: "Set the limits",
    does:
      "The account gets limits of its own, from its next request on. " +
      "What is left empty is that of the service, or unlimited.",
    kept: [
      "Everything that is stored. At a limit the account is still read, backed up and erased, and deletions make room.",
      "What its bot could not save: it waits in the memory of the bot.",
    ],
    lost: [],
    running: "Setting the limits…",
  },
  erase: {
    label: "Erase",
    verb: "Erase for good",
    does: "Everything of the account is deleted, and its tokens are revoked. It cannot be undone.",
    kept: ["Every other account.", "Backups that were made of it."],
    lost: [
      "Its device, sessions, messages and app state. The phone has to link it anew.",
      "States of its name that were retired before: they cannot be brought back.",
    ],
    running: "Erasing…",
  },
};
