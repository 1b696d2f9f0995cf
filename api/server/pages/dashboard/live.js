// Hears of changes: follows the stream where it tells enough; else asks every five seconds, mostly answered 304.
import { follow } from "./api.js";
import { byId } from "./dom.js";
import { isKey } from "./session.js";
import { say } from "./texts.js";

const POLL_MS = 5000;
const RETRY_MS = 2000;
// An account has so many streams; whoever has more windows open asks regularly instead, and tries again later.
const POLLS_INSTEAD = 4;
let stopped = new AbortController();
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

function show(name, text) {
  byId("live").className = name;
  byId("live").textContent = say(text);
}

export const stop = () => stopped.abort();

export async function live(board, changed) {
  stop();
  stopped = new AbortController();
  const { signal } = stopped;
  // Keys have no stream, and who reads figures only gets next to nothing of it.
  const streams = !isKey() && board.me.roles.some((grant) => grant.role !== "statistics_reader");
  let polls = streams ? 0 : Infinity;
  while (!signal.aborted) {
    show(polls ? "poll" : "on", polls ? "polling" : "live");
    try {
      if (polls) {
        polls -= 1;
        await pause(POLL_MS);
        if (!signal.aborted) changed();
      } else await follow(board.head, signal, changed);
    } catch (problem) {
      if (signal.aborted) return;
      if (problem.status === 429) {
        polls = POLLS_INSTEAD;
        continue;
      }
      show("off", "offline");
      await pause(RETRY_MS);
      if (!signal.aborted) changed();
    }
  }
}

// A window that is left lets its stream go.
window.addEventListener("pagehide", stop);
