/**
 * One client's connection: framing, handshake, then nodes in both directions, each in order.
 * @module
 */

import { type BinaryNode, decodeBinaryNode, encodeBinaryNode, type KeyPair } from "baileys";
import type { WebSocket } from "ws";
import { FrameReader, writeFrame } from "./frames.ts";
import { type ClientFinish, NoiseResponder } from "./noise.ts";

/** Callbacks of a connection, called one at a time in the order of arrival. */
export interface ConnectionEvents {
  /** The handshake has ended. The result is the first node for the client. */
  login(connection: Connection, finish: ClientFinish): BinaryNode;
  /**
   * A node has arrived. The next one waits for the promise. `ordinal` counts the frames that the client sent
   * on the connection. The handshake frames are 0 and 1.
   */
  node(connection: Connection, node: BinaryNode, ordinal: number): Promise<void>;
  /** The connection is closed, and all received nodes are processed. */
  closed(connection: Connection): void;
  /** The client violated the protocol, or a callback threw. The connection is then closed. */
  failed(error: unknown): void;
}

/** A client's connection. It owns its WebSocket. */
export class Connection {
  /** The parameter `tag` of the client's URL, which identifies its connections. */
  readonly tag: string | undefined;
  readonly #socket: WebSocket;
  readonly #noise: NoiseResponder;
  readonly #events: ConnectionEvents;
  readonly #reader = new FrameReader();
  #arrived = 0;
  #work: Promise<void> = Promise.resolve();

  /** Takes over a socket that has just been accepted. */
  constructor(
    socket: WebSocket,
    options: {
      tag: string | undefined;
      staticKey: KeyPair;
      certificate: Uint8Array;
      events: ConnectionEvents;
    },
  ) {
    this.tag = options.tag;
    this.#socket = socket;
    this.#noise = new NoiseResponder(options.staticKey, options.certificate);
    this.#events = options.events;
    socket.on("message", (data: Buffer) => this.#receive(data));
    socket.on("close", () => {
      this.#work = this.#work.then(() => this.#events.closed(this));
    });
    socket.on("error", (error) => this.#events.failed(error));
  }

  /** Sends a node. A node is lost after the client has disconnected, as on a network. */
  send(node: BinaryNode): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(writeFrame(this.#noise.encrypt(encodeBinaryNode(node))));
  }

  /** Cuts the connection without a close handshake. */
  terminate(): void {
    this.#socket.terminate();
  }

  #receive(data: Buffer): void {
    try {
      for (const frame of this.#reader.push(data)) this.#enqueue(frame);
    } catch (error) {
      this.#fail(error);
    }
  }

  #enqueue(frame: Uint8Array): void {
    const ordinal = this.#arrived;
    this.#arrived += 1;
    this.#work = this.#work.then(() => this.#take(frame, ordinal)).catch((error) => this.#fail(error));
  }

  async #take(frame: Uint8Array, ordinal: number): Promise<void> {
    if (ordinal === 0) {
      this.#socket.send(writeFrame(this.#noise.answerHello(frame)));
    } else if (ordinal === 1) {
      this.send(this.#events.login(this, this.#noise.acceptFinish(frame)));
    } else {
      const node = await decodeBinaryNode(Buffer.from(this.#noise.decrypt(frame)));
      await this.#events.node(this, node, ordinal);
    }
  }

  #fail(error: unknown): void {
    this.#events.failed(error);
    this.terminate();
  }
}
