// Loaded into leader-exec by NODE_OPTIONS=--require (which its guard is never given): does to it, from inside, what cannot be
// done from outside. FAULT_ORDER names a file; when it is there, its word is done. FAULT_THROW_AFTER: milliseconds.
const { readFileSync } = require("node:fs");
const { FAULT_ORDER: file, FAULT_THROW_AFTER: delay } = process.env;

const deeds = {
  /** Nothing of the event loop runs for this long: no timer, no signal handler, no answer. */
  block: (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(ms)),
  throw: () => {
    throw new Error("thrown by a fault");
  },
  reject: () => void Promise.reject(new Error("rejected by a fault")),
};

const look = () => {
  try {
    return readFileSync(file, "utf8").split(" ");
  } catch {
    return []; // no order yet
  }
};

if (delay) setTimeout(deeds.throw, Number(delay)).unref();
if (file) {
  const timer = setInterval(() => {
    const [deed, value] = look();
    if (deed === undefined) return;
    clearInterval(timer);
    deeds[deed](value);
  }, 5).unref();
}
