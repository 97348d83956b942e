import { parseArgs } from "node:util";
import { DATABASE_HELP, DEFAULT_DATABASE } from "./database.ts";

/** What the command line says. */
export interface Settings {
  /** Names of the accounts, each with a bot of its own. */
  readonly accounts: readonly string[];
  /** Where the accounts are kept. */
  readonly database: string;
  /** Whether the bots connect to WhatsApp, and not to the network on this machine. */
  readonly whatsapp: boolean;
  /** Where the bots connect. Defaults to WhatsApp, or to the network on this machine. */
  readonly url: string | undefined;
  /** Phone number to link by a code instead of a QR code; digits only. */
  readonly phoneNumber: string | undefined;
  /** Name of an account to delete. */
  readonly erase: string | undefined;
}

export const USAGE = `options:

  --account NAME   an account; may be repeated (default: anna and ben, or bot with --whatsapp)
  --db PLACE       ${DATABASE_HELP} (default: ${DEFAULT_DATABASE})
  --whatsapp       connect to WhatsApp instead of the network on this machine
  --url URL        connect to this address, such as ws://127.0.0.1:8080/
  --phone NUMBER   link with a code for this phone number instead of a QR code
  --erase NAME     delete an account with everything that is stored for it, and end
`;

/** Reads the command line. @throws {TypeError} When an option is unknown or malformed. */
export function readSettings(parameters: readonly string[]): Settings {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      account: { type: "string", multiple: true },
      db: { type: "string", default: DEFAULT_DATABASE },
      whatsapp: { type: "boolean", default: false },
      url: { type: "string" },
      phone: { type: "string" },
      erase: { type: "string" },
    },
  });
  if (values.phone !== undefined && !/^\d{5,15}$/.test(values.phone))
    throw new TypeError("--phone takes the digits of a phone number, with its country code");
  return {
    accounts: values.account ?? (values.whatsapp ? ["bot"] : ["anna", "ben"]),
    database: values.db,
    whatsapp: values.whatsapp,
    url: values.url,
    phoneNumber: values.phone,
    erase: values.erase,
  };
}
