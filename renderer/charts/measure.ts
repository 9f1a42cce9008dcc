/** Axis labels are the same from frame to frame. */
const widths = new Map<string, number>();
const rememberedWidths = 2000;
let context: CanvasRenderingContext2D | null = null;

/** Width of a text in CSS pixels, as a canvas draws it. */
export function textWidth(text: string, font: string): number {
  const key = `${font}\n${text}`;
  const known = widths.get(key);
  if (known !== undefined) return known;
  if (widths.size >= rememberedWidths) widths.clear();
  const width = measure(text, font);
  widths.set(key, width);
  return width;
}

function measure(text: string, font: string): number {
  context ??= document.createElement('canvas').getContext('2d');
  if (!context) return text.length * 6;
  context.font = font;
  return context.measureText(text).width;
}

export function widestText(texts: readonly string[], font: string): number {
  let widest = 0;
  for (const text of texts) widest = Math.max(widest, textWidth(text, font));
  return widest;
}

/** A text that fits, with an ellipsis when it had to be cut. */
export function fitText(text: string, width: number, font: string): string {
  if (textWidth(text, font) <= width) return text;
  let end = text.length - 1;
  while (end > 1 && textWidth(`${text.slice(0, end)}…`, font) > width) end--;
  return `${text.slice(0, end)}…`;
}
