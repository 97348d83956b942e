/** Whether `bytes` contains `part` as consecutive bytes. An empty `part` is contained in all. */
export function includesBytes(bytes: Uint8Array, part: Uint8Array): boolean {
  const [first] = part;
  if (first === undefined) return true;
  const last = bytes.length - part.length;
  for (let at = bytes.indexOf(first); at >= 0 && at <= last; at = bytes.indexOf(first, at + 1)) {
    if (part.every((byte, index) => bytes[at + index] === byte)) return true;
  }
  return false;
}
