import { describe, expect, it } from 'vitest';
import { FrameQueue } from '../../../../renderer/charts/frame-queue';

function make() {
  const frames: (() => void)[] = [];
  let time = 0;
  const queue = new FrameQueue(
    (callback) => frames.push(callback),
    () => time,
  );
  return {
    queue,
    spend: (milliseconds: number) => {
      time += milliseconds;
    },
    frame: () => {
      for (const callback of frames.splice(0)) callback();
    },
  };
}

describe('chart updates', () => {
  it('are done once a frame, the newest only', () => {
    const { queue, frame } = make();
    const done: string[] = [];
    const chart = {};
    queue.put(chart, () => done.push('old'));
    queue.put(chart, () => done.push('new'));
    expect(done).toEqual([]);
    frame();
    expect(done).toEqual(['new']);
    frame();
    expect(done).toEqual(['new']);
  });

  it('are spread over frames when they take long, and none is pushed back for ever', () => {
    const { queue, frame, spend } = make();
    const done: number[] = [];
    const charts = [{}, {}, {}];
    const put = () =>
      charts.forEach((chart, index) => {
        queue.put(chart, () => {
          spend(6);
          done.push(index);
        });
      });
    put();
    frame();
    expect(done).toEqual([0]);
    put();
    frame();
    put();
    frame();
    expect(done).toEqual([0, 1, 2]);
  });

  it('share a frame when they are quick', () => {
    const { queue, frame, spend } = make();
    const done: number[] = [];
    for (const index of [0, 1, 2])
      queue.put({}, () => {
        spend(1);
        done.push(index);
      });
    frame();
    expect(done).toEqual([0, 1, 2]);
  });

  it('can be waited for, and taken back', async () => {
    const { queue, frame } = make();
    const chart = {};
    let done = false;
    queue.put(chart, () => {
      done = true;
    });
    const idle = queue.idle().then(() => done);
    frame();
    frame();
    expect(await idle).toBe(true);
    queue.put(chart, () => expect.unreachable());
    queue.drop(chart);
    frame();
  });
});
