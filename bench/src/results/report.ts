/** A table of text. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A figure that was asked for, beside the one that was measured. */
export interface Figure {
  readonly what: string;
  readonly asked: string;
  readonly measured: string;
  readonly isMet: boolean;
}

/** A picture, which lies beside the page. */
export interface Plot {
  /** Without its ending, unique among all scenes. */
  readonly name: string;
  /** What it shows, for those who do not see it. */
  readonly description: string;
  readonly svg: string;
}

/** What a scene found. */
export interface SceneReport {
  readonly figures: readonly Figure[];
  /** Above the tables. */
  readonly plots?: readonly Plot[];
  readonly tables: readonly Table[];
  /** How far to trust it: a sentence or two. */
  readonly trust: string;
}

/** The figures and tables of several parts of a scene, one behind the other. */
export function inOneReport(parts: readonly SceneReport[]): Pick<SceneReport, 'figures' | 'tables'> {
  return { figures: parts.flatMap(({ figures }) => figures), tables: parts.flatMap(({ tables }) => tables) };
}

/** As Markdown. @throws Error where a row has not as many cells as the head. */
export function writeTable({ head, rows }: Table): string {
  const wrong = rows.find((row) => row.length !== head.length);
  if (wrong !== undefined) throw new Error(`a table of ${head.length} columns has the row ${wrong.join(' | ')}`);
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export function figuresTable(figures: readonly Figure[]): Table {
  return {
    head: ['', 'asked for', 'measured', 'met'],
    rows: figures.map(({ what, asked, measured, isMet }) => [what, asked, measured, isMet ? 'yes' : '**no**']),
  };
}

/** A plot where it lies, as the page names it. */
export function plotFile({ name }: Plot): string {
  return `plots/${name}.svg`;
}
