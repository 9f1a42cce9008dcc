import { type InjectionKey, inject, provide, type ShallowRef, shallowRef } from 'vue';
import type { AxisKind } from './math/axis';

/** Where the pointer is, in the axis' own unit, so that every chart over the same kind of axis marks the same place. */
export interface Crosshair {
  /** The chart under the pointer; it alone shows the words. */
  source: object;
  /** 'step', 'relative', 'wall', or 'epoch' for charts over epochs. */
  axis: AxisKind | 'epoch';
  value: number;
}

const crosshairKey: InjectionKey<ShallowRef<Crosshair | null>> = Symbol('crosshair');

/** Begins a page-wide crosshair. Charts outside of one have their own. */
export function provideCrosshair(): ShallowRef<Crosshair | null> {
  const crosshair = shallowRef<Crosshair | null>(null);
  provide(crosshairKey, crosshair);
  return crosshair;
}

export function useCrosshair(): ShallowRef<Crosshair | null> {
  return inject(crosshairKey, undefined) ?? shallowRef<Crosshair | null>(null);
}
