import { decodeUtf8 } from "../../bytes/mod.ts";

/** A decoded node of the network, as Baileys emits it. */
export interface NodeLike {
  readonly tag: string;
  readonly attrs: Readonly<Record<string, string | undefined>>;
  readonly content?: unknown;
}

/** The child nodes of a node, in order. Empty if its content is a text or bytes. */
export function childrenOf(node: NodeLike | undefined, tag?: string): readonly NodeLike[] {
  const nodes: readonly NodeLike[] = Array.isArray(node?.content) ? node.content : [];
  return tag === undefined ? nodes : nodes.filter((child) => child.tag === tag);
}

/** The first child with a tag. */
export function childOf(node: NodeLike | undefined, tag: string): NodeLike | undefined {
  return childrenOf(node, tag)[0];
}

/** The content of a node as text: of bytes, their UTF-8. `undefined` when it has none. */
export function textOf(node: NodeLike | undefined): string | undefined {
  const content = node?.content;
  if (typeof content === "string") return content;
  return content instanceof Uint8Array ? decodeUtf8(content) : undefined;
}
