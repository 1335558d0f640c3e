/**
 * Every fault, and how often it is run: [in the quick selection, which is part of `npm test`; in the whole suite, which
 * is `npm run test:faults` or FAULTS=all]. 0: not at all.
 */
const table = {
  "process: kill -9 of the holder at a random moment": [6, 60],
  "process: kill -9 between the first request and the command's start": [4, 40],
  "process: kill -9 of the holder together with its command": [1, 6],
  "process: kill -9 of the guard, then of the holder": [1, 6],
  "process: SIGSTOP of the holder for half a lease": [1, 3],
  "process: SIGSTOP of the holder for a whole lease": [0, 5],
  "process: SIGSTOP of the holder for two leases": [2, 5],
  "process: SIGSTOP of the holder and its command, for two leases": [1, 5],
  "process: SIGSTOP of the guard": [1, 5],
  "process: SIGTERM, SIGINT, SIGHUP, SIGQUIT between the first request and the command's start": [4, 40],
  "process: SIGTERM twice in a row": [1, 4],
  "network: black hole of the holder, both ways": [2, 12],
  "network: black hole of the holder, its command ignores SIGTERM": [1, 6],
  "network: black hole of the holder, its command leaves a daemon": [1, 6],
  "network: requests of the holder are lost, answers arrive": [0, 6],
  "network: answers to the holder are lost, requests arrive": [1, 6],
  "network: every packet of the holder is answered with a reset": [1, 6],
  "network: flapping, 2 s on and 2 s off, for every candidate": [0, 2],
  "network: 30 % of all packets are lost, for every candidate": [0, 3],
  "network: old connections are dead without a word, new ones work": [1, 6],
  "network: a black hole of the holder that is shorter than the renew deadline": [0, 6],
  "network: black hole of every candidate, for two leases": [0, 3],
  "api: annotations of others in a loop: every renewal meets a conflict": [1, 3],
  "api: Lease deleted in a loop": [1, 3],
  "api: Lease deleted and created again by another holder": [1, 3],
  "api: holder overwritten by hand": [1, 6],
  "api: holder cleared by hand, several times": [1, 3],
  "api: duration edited to 1, 0, null and 68 years, then kill -9 of the holder": [4, 4],
  "api: renewTime edited to the past, the future and to nonsense": [0, 3],
  "api: the token is refused, later its file has a good one": [0, 2],
  "api: one verb after the other is taken from the Role, later given back": [0, 4],
  "proxy: black hole of the holder, both ways": [1, 6],
  "proxy: answers to the holder come later than its deadline, all at once after two leases": [1, 6],
  "proxy: requests of the holder reach the server two leases later": [1, 6],
  "proxy: every answer takes longer than a request may": [0, 3],
  "proxy: the acquiring write of the next holder arrives late": [1, 9],
  "proxy: all connections are reset every 300 ms": [0, 3],
  "server: the API server stands still with open sockets": [1, 2],
  "server: etcd stands still": [0, 2],
  "server: etcd is killed and started again": [0, 2],
  "server: the API server stands still for less than the renew deadline": [0, 3],
  "server: the API server is killed and started again every 10 s": [0, 1],
  "server: most requests are answered with 429": [0, 1],
  "server: watches are closed every second": [0, 1],
  "server: versions are compacted away under a standby that was frozen": [0, 2],
  "command: ends at once with 0, 1, 255, dies of 6, 9, 11, 15": [7, 14],
  "command: ends and leaves a process in its group, in another group, in another session": [3, 9],
  "command: kill -9 of the holder whose command has processes in its group, in another group, in another session": [
    1, 6,
  ],
  "command: a process that forks every 3 ms, each time in a new session, while it is killed": [3, 6],
  "command: cleans up for a little less, and for more, than its grace": [0, 4],
  "set-up: all candidates have the same --identity": [1, 3],
  "set-up: the holder is killed and started again at once, alone, with the same --identity": [1, 6],
  "set-up: an old and a new configuration contend, and the holder is killed": [0, 4],
  "set-up: five candidates start at the same moment, again and again": [0, 6],
} as const satisfies Record<string, readonly [quick: number, all: number]>;

export type FaultName = keyof typeof table;

export const everything = process.env["FAULTS"] === "all";

export function runsOf(name: FaultName): number {
  return table[name][everything ? 1 : 0];
}

/** What the quick selection leaves out. */
export const leftOut = (): FaultName[] => (Object.keys(table) as FaultName[]).filter((name) => runsOf(name) === 0);
