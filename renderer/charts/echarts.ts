import { BarChart, CustomChart, LineChart, ParallelChart, ScatterChart } from 'echarts/charts';
import { GridComponent, MarkLineComponent, ParallelComponent, TooltipComponent } from 'echarts/components';
import { type EChartsCoreOption, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';

use([
  CanvasRenderer,
  GridComponent,
  TooltipComponent,
  MarkLineComponent,
  ParallelComponent,
  LineChart,
  BarChart,
  CustomChart,
  ScatterChart,
  ParallelChart,
]);

export type ChartOption = EChartsCoreOption;

/** What a custom series is given to draw one item (the part of ECharts' API that is used here). */
export interface ItemApi {
  value(dimension: number): number;
  coord(point: [number, number]): [number, number];
  size(extent: [number, number]): [number, number];
}
export interface ItemParams {
  dataIndex: number;
  coordSys: { x: number; y: number; width: number; height: number };
}
