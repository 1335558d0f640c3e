// Runs in the cluster's network namespace: who connects to the socket SOCKET, a file, reaches the API server at ADDRESS:PORT.
//   node inside.mjs SOCKET ADDRESS PORT
import { connect, createServer } from "node:net";

const [socket, address, port] = process.argv.slice(2);
createServer({ allowHalfOpen: true }, (from) => {
  const to = connect({ host: address, port: Number(port), allowHalfOpen: true });
  for (const [one, other] of [
    [from, to],
    [to, from],
  ]) {
    one.pipe(other);
    one.on("error", () => other.destroy());
    one.on("close", () => other.destroy());
  }
}).listen(socket);
