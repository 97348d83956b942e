import { formatSignalAddress, parseNodeAddress, type SignalAddress } from "../../addresses/mod.ts";

/** whatsmeow's `user[_domain]:device`; `undefined` when the text is none. */
export function signalAddressOf(text: string): SignalAddress | undefined {
  const colon = text.lastIndexOf(":");
  if (colon === -1) return undefined;
  try {
    return parseNodeAddress(`${text.slice(0, colon)}.${text.slice(colon + 1)}`);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** The canonical text of an address of whatsmeow; `undefined` when it is none. */
export function canonicalAddress(text: string): string | undefined {
  const address = signalAddressOf(text);
  return address === undefined ? undefined : formatSignalAddress(address);
}
