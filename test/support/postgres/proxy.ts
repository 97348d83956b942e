import { connect as connectTo, createServer, type Socket } from "node:net";

/**
 * What happens to the next thing that a client sends.
 *
 * - `before`: the connection ends, and the server never sees it.
 * - `after`: the server carries it out, and the connection ends before its answer arrives.
 * - `late`: the connection ends, and the server sees it later: see `deliverLate`.
 * - `never`: the connection stays open, and nothing is forwarded any more, as after a loss of the network.
 */
export type ProxyFault = "before" | "after" | "late" | "never";

/** A proxy in front of a server, which counts round trips and cuts connections. */
export interface PostgresProxy {
  readonly url: string;
  /** How often a client has sent something after the server had answered. */
  roundTrips(): number;
  /** Cuts the connection at the next thing that a client sends. */
  cutNext(fault: ProxyFault): void;
  /** Sends what is late, oldest first, and resolves when the server has answered or ended. */
  deliverLate(): Promise<void>;
  close(): Promise<void>;
}

/** The last message of an answer: the server is ready for the next query. */
const READY = 0x5a;

/** Opens a proxy in front of a server on loopback. */
export async function openProxy(port: number): Promise<PostgresProxy> {
  const open = new Set<Socket>();
  const late: (() => Promise<void>)[] = [];
  let trips = 0;
  let fault: ProxyFault | undefined;
  const server = createServer((client) => {
    const upstream = connectTo(port, "127.0.0.1");
    let isCut = false;
    let isClientsTurn = true;
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => open.delete(socket));
    }
    const isReady = (answer: Buffer): boolean => answer.length >= 6 && answer[answer.length - 6] === READY;
    client.on("data", (sent: Buffer) => {
      if (isCut) return;
      if (isClientsTurn) trips += 1;
      isClientsTurn = false;
      const met = fault;
      fault = undefined;
      if (met === undefined) {
        upstream.write(sent);
        return;
      }
      isCut = true;
      if (met === "never") return;
      const answered = (): Promise<void> =>
        new Promise((resolve) => {
          upstream.on("data", (answer: Buffer) => {
            if (isReady(answer)) resolve();
          });
          upstream.once("close", () => resolve());
          upstream.write(sent);
        });
      if (met === "before") {
        client.destroy();
        upstream.destroy();
      } else if (met === "after") {
        void answered().then(() => {
          client.destroy();
          upstream.destroy();
        });
      } else {
        client.destroy();
        late.push(() => answered().then(() => void upstream.destroy()));
      }
    });
    upstream.on("data", (answer: Buffer) => {
      isClientsTurn = true;
      if (!isCut) client.write(answer);
    });
    client.on("close", () => isCut || upstream.destroy());
    upstream.on("close", () => client.destroy());
  });
  const own = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  return {
    url: `postgres://postgres@127.0.0.1:${own}/postgres`,
    roundTrips: () => trips,
    cutNext: (next) => {
      fault = next;
    },
    async deliverLate() {
      for (const deliver of late.splice(0)) await deliver();
    },
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
