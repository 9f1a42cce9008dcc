/** Runs in the page: the time between animation frames, and long tasks, for so many milliseconds. */
export function recordFrames(milliseconds) {
  return new Promise((resolve) => {
    const deltas = [];
    const longTasks = [];
    const observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) longTasks.push(entry.duration);
    });
    observer.observe({ entryTypes: ['longtask'] });
    const start = performance.now();
    let last = null;
    const frame = (now) => {
      if (last !== null) deltas.push(now - last);
      last = now;
      if (now - start < milliseconds) requestAnimationFrame(frame);
      else {
        observer.disconnect();
        resolve({ deltas, longTasks, seconds: (now - start) / 1000 });
      }
    };
    requestAnimationFrame(frame);
  });
}

/** One frame at 60 Hz. Frames come at its multiples, a little early or late: half a frame over it one was missed. */
export const frameMilliseconds = 1000 / 60;

export function summarize({ deltas, longTasks, seconds }, costs, busyShare) {
  const ordered = [...costs].sort((left, right) => left - right);
  const cost = (share) => ordered[Math.min(ordered.length - 1, Math.floor(ordered.length * share))] ?? 0;
  const sorted = [...deltas].sort((left, right) => left - right);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  const over = (limit) => deltas.filter((delta) => delta > limit).length / deltas.length;
  return {
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    largest: sorted[sorted.length - 1],
    framesPerSecond: deltas.length / seconds,
    over16_7: over(16.7),
    missed: over(frameMilliseconds * 1.5),
    longTasks: longTasks.length,
    longestTask: Math.max(0, ...longTasks),
    busyShare,
    cost50: cost(0.5),
    cost95: cost(0.95),
    cost99: cost(0.99),
    costLargest: ordered[ordered.length - 1] ?? 0,
    costOver: costs.length > 0 ? costs.filter((value) => value > frameMilliseconds).length / costs.length : 0,
    costASecond: costs.reduce((sum, value) => sum + value, 0) / seconds,
  };
}

/**
 * CPU time of the page's main thread from one frame to the next, in milliseconds, out of a Chromium trace: what a frame
 * costs, whatever else the machine is doing. Waiting for the processor does not count.
 */
export function frameCosts(trace) {
  const threads = new Map();
  for (const event of trace)
    if (event.name === 'thread_name') threads.set(`${event.pid}:${event.tid}`, event.args.name);
  const main = trace.filter(
    (event) => event.ph === 'X' && threads.get(`${event.pid}:${event.tid}`) === 'CrRendererMain',
  );
  const frames = new Map();
  for (const event of main) {
    if (event.name !== 'ProxyMain::BeginMainFrame') continue;
    const starts = frames.get(event.pid) ?? [];
    starts.push(event.ts);
    frames.set(event.pid, starts);
  }
  const [page, starts] = [...frames].sort((left, right) => right[1].length - left[1].length)[0] ?? [0, []];
  starts.sort((left, right) => left - right);
  const tasks = main
    .filter((event) => event.pid === page && event.name === 'ThreadControllerImpl::RunTask')
    .sort((left, right) => left.ts - right.ts);
  const costs = new Array(Math.max(0, starts.length - 1)).fill(0);
  let frame = 0;
  for (const task of tasks) {
    // A frame's task begins a little before the frame that it carries.
    while (frame < starts.length && starts[frame] <= task.ts + task.dur) frame++;
    if (frame >= 1 && frame - 1 < costs.length) costs[frame - 1] += (task.tdur ?? 0) / 1000;
  }
  return costs;
}
