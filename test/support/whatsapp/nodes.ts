/**
 * Small helpers over the binary nodes of the WhatsApp wire format (the codec itself is Baileys').
 * @module
 */

import type { BinaryNode } from "baileys";

/** The server's own JID (a JID without a user), the target of queries and the sender of notifications. */
export const SERVER_JID = "@s.whatsapp.net";

/** Builds a node. Attributes whose value is `undefined` are left out. */
export function element(
  tag: string,
  attributes: Readonly<Record<string, string | undefined>> = {},
  content?: BinaryNode["content"],
): BinaryNode {
  const attrs: Record<string, string> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) attrs[name] = value;
  }
  return content === undefined ? { tag, attrs } : { tag, attrs, content };
}

/** The child nodes of a node, in order. Empty if its content is text or bytes. */
export function children(node: BinaryNode | undefined, tag?: string): readonly BinaryNode[] {
  if (!Array.isArray(node?.content)) return [];
  return tag === undefined ? node.content : node.content.filter((child) => child.tag === tag);
}

/** The first child with that tag. */
export function child(node: BinaryNode | undefined, tag: string): BinaryNode | undefined {
  return children(node, tag)[0];
}

/** A copy of the bytes of a node, or `undefined`. */
export function bytesOf(node: BinaryNode | undefined): Uint8Array | undefined {
  return node?.content instanceof Uint8Array ? Uint8Array.from(node.content) : undefined;
}

/** A copy of the node with further attributes (an `undefined` value removes one). */
export function withAttributes(
  node: BinaryNode,
  attributes: Readonly<Record<string, string | undefined>>,
): BinaryNode {
  return element(node.tag, { ...node.attrs, ...attributes }, node.content);
}

/** Seconds since the epoch, in the format of the wire. */
export function timestamp(): string {
  return String(Math.floor(Date.now() / 1000));
}
