/** A port that others may connect to, and turns of Node's event loop (nodejs.org/api/net): who computes without end lets the world in between. */
import net from 'node:net';

/** One connection. After `close` nothing is told any more. */
export interface Wire {
  send(bytes: Uint8Array): void;
  close(): void;
}
/** Who is at this end of it. */
export interface Party {
  received(bytes: Uint8Array): void;
  /** The other end is gone. */
  ended(): void;
}
export interface Listener { readonly port: number; close(): void }

/** `accept`: null refuses. A sentence: why nobody can connect. */
export function listen(address: string, port: number, accept: (wire: Wire) => Party | null): Promise<Listener | string> {
  return new Promise(resolve => {
    const server = net.createServer(socket => {
      socket.setNoDelay(true);
      socket.on('error', () => { /* What comes next is 'close'. */ });
      const party = accept({ send: bytes => { if (bytes.length > 0) socket.write(bytes); }, close: () => { socket.end(); } });
      if (party === null) { socket.destroy(); return; }
      socket.on('data', bytes => { party.received(bytes); });
      socket.on('close', () => { party.ended(); });
    });
    server.once('error', ({ code, message }) => { resolve(`cannot listen at ${address}:${port}: ${code ?? message}`); });
    server.listen(port, address, () => { resolve({ port: server.address().port, close: () => { server.close(); } }); });
  });
}
