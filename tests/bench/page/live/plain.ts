import * as echarts from 'echarts';

/** ECharts as one uses it first: every point goes into the chart, ten times a second, nothing is reduced. */
const stepsPerSecond = Number(new URLSearchParams(window.location.search).get('steps') ?? '400');
const host = document.getElementById('app')!;
host.style.cssText = 'display:grid;grid-template-columns:2fr 1fr;gap:12px;height:360px;padding:12px';
const make = () => {
  const element = document.createElement('div');
  host.append(element);
  return echarts.init(element);
};
const loss = make();
const timings = make();
const lossPoints: [number, number][] = [];
const timingPoints: [number, number][][] = [[], [], [], []];
const levels = [0.05, 0.1, 2.2, 0.06];
const axes = { xAxis: { type: 'value' as const }, yAxis: { type: 'value' as const } };
loss.setOption({ animation: false, ...axes, series: [{ type: 'line', symbol: 'none', data: [] }] });
timings.setOption({
  animation: false,
  ...axes,
  series: levels.map(() => ({ type: 'line', symbol: 'none', stack: 'all', areaStyle: {}, data: [] })),
});
const began = performance.now();
let step = 0;
setInterval(() => {
  const target = Math.floor(((performance.now() - began) / 1000) * stepsPerSecond);
  for (; step < target; step++) {
    lossPoints.push([step, 2.3 * Math.exp(-step / 3000) + 0.2 * Math.random()]);
    levels.forEach((level, index) => {
      timingPoints[index]!.push([step, level * (0.9 + 0.2 * Math.random())]);
    });
  }
  loss.setOption({ series: [{ data: lossPoints }] });
  timings.setOption({ series: timingPoints.map((data) => ({ data })) });
}, 100);
