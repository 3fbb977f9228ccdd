import type { Axis } from './axis.js';

/** How a line looks, by what it stands for. */
export interface LineStyle {
  /** `text`: that of the letters, whatever the page's background. */
  readonly color: string;
  readonly width: number;
  readonly isDashed?: boolean;
}

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** One pair of axes with its lines. */
export interface Panel {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
}

/** Panels side by side under one legend. */
export interface Figure {
  /** For those who do not see it. */
  readonly description: string;
  readonly columns: number;
  readonly panels: readonly Panel[];
  /** In the order of the legend; each line's name is one of these. */
  readonly styles: Readonly<Record<string, LineStyle>>;
}

const PANEL = { width: 430, height: 250 };
const PLOT = { left: 58, right: 14, top: 30, bottom: 44 };
const LEGEND = { entryWidth: 136, lineHeight: 20, margin: 12 };

/** As an SVG with a transparent background whose letters are dark on light pages and light on dark ones. */
export function drawFigure({ description, columns, panels, styles }: Figure): string {
  const width = columns * PANEL.width;
  const legend = drawLegend(styles, width);
  const height = legend.height + Math.ceil(panels.length / columns) * PANEL.height;
  const drawn = panels.map((panel, index) => {
    const x = (index % columns) * PANEL.width;
    const y = legend.height + Math.floor(index / columns) * PANEL.height;
    return `<g transform="translate(${x} ${y})">\n${drawPanel(panel, styles)}\n</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(description)}</title>`,
    STYLE,
    legend.svg,
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

const STYLE = `<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; }
.tick { font-size: 11px; }
.grid { stroke: #8b949e; stroke-opacity: 0.35; }
.line { fill: none; stroke-linejoin: round; }
.text { stroke: #1f2328; }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .text { stroke: #e6edf3; } }
</style>`;

function drawLegend(styles: Figure['styles'], width: number): { readonly svg: string; readonly height: number } {
  const perLine = Math.max(1, Math.floor((width - 2 * LEGEND.margin) / LEGEND.entryWidth));
  const entries = Object.entries(styles).map(([name, style], index) => {
    const x = LEGEND.margin + (index % perLine) * LEGEND.entryWidth;
    const y = LEGEND.margin + Math.floor(index / perLine) * LEGEND.lineHeight + 8;
    return `<path d="M${x} ${y}h24" ${stroke(style)}/><text x="${x + 30}" y="${y + 4}">${escaped(name)}</text>`;
  });
  const height = 2 * LEGEND.margin + Math.ceil(entries.length / perLine) * LEGEND.lineHeight;
  return { svg: entries.join('\n'), height };
}

function drawPanel({ title, x, y, lines }: Panel, styles: Figure['styles']): string {
  const middleX = (PLOT.left + PANEL.width - PLOT.right) / 2;
  const middleY = (PLOT.top + PANEL.height - PLOT.bottom) / 2;
  return [
    `<text class="title" x="${middleX}" y="18" text-anchor="middle">${escaped(title)}</text>`,
    ...x.ticks.map((tick) => drawTickX(round(toX(x, tick)), tick)),
    ...y.ticks.map((tick) => drawTickY(round(toY(y, tick)), tick)),
    `<text x="${middleX}" y="${PANEL.height - 8}" text-anchor="middle">${escaped(x.label)}</text>`,
    `<text transform="translate(14 ${middleY}) rotate(-90)" text-anchor="middle">${escaped(y.label)}</text>`,
    ...lines.map((line) => drawLine(line, { x, y }, styles)),
  ].join('\n');
}

function drawTickX(x: number, tick: number): string {
  const bottom = PANEL.height - PLOT.bottom;
  return `<path class="grid" d="M${x} ${PLOT.top}V${bottom}"/><text class="tick" x="${x}" y="${bottom + 16}" text-anchor="middle">${written(tick)}</text>`;
}

function drawTickY(y: number, tick: number): string {
  const right = PANEL.width - PLOT.right;
  return `<path class="grid" d="M${PLOT.left} ${y}H${right}"/><text class="tick" x="${PLOT.left - 6}" y="${y + 4}" text-anchor="end">${written(tick)}</text>`;
}

function drawLine(
  { name, points }: Line,
  { x, y }: { readonly x: Axis; readonly y: Axis },
  styles: Figure['styles'],
): string {
  const style = styles[name];
  if (style === undefined) throw new Error(`the legend has no '${name}'`);
  const path = points.map(([px, py]) => `${round(toX(x, px))} ${round(toY(y, py))}`).join('L');
  return `<path d="M${path}" ${stroke(style)}><title>${escaped(name)}</title></path>`;
}

function stroke({ color, width, isDashed = false }: LineStyle): string {
  const dash = isDashed ? ' stroke-dasharray="5 4"' : '';
  const paint = color === 'text' ? 'class="line text"' : `class="line" stroke="${color}"`;
  return `${paint} stroke-width="${width}"${dash}`;
}

const toX = (axis: Axis, value: number) => PLOT.left + axis.place(value) * (PANEL.width - PLOT.left - PLOT.right);
const toY = (axis: Axis, value: number) =>
  PANEL.height - PLOT.bottom - axis.place(value) * (PANEL.height - PLOT.top - PLOT.bottom);

const round = (coordinate: number) => Math.round(coordinate * 10) / 10;
const written = (tick: number) => tick.toLocaleString('en', { maximumFractionDigits: 6 });
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
