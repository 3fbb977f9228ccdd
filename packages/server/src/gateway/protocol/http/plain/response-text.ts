import { STATUS_CODES } from 'node:http';
import { byteLength, type HttpAnswer, JSON_TYPE, ONE_PIECE_BYTES } from '../answer.js';

export interface HeadOptions {
  /** Headers that the answer has whatever it is. */
  readonly common: Readonly<Record<string, string>>;
  /** Lines of others, each with its end. */
  readonly more: string;
  /** What the connection does afterwards: `close`, or how many seconds it may be idle. */
  readonly keepAliveSeconds: number | 'close';
  /** For the header `Date`. */
  readonly date: string;
}

/** The head of an answer, with the empty line behind it, in Latin-1. */
export function headText(answer: HttpAnswer, { common, more, keepAliveSeconds, date }: HeadOptions): string {
  let text = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}\r\n`;
  for (const name in common) text += `${name}: ${common[name]}\r\n`;
  text += `content-type: ${fitForHeader(answer.contentType)}\r\n`;
  for (const name in answer.headers) text += `${name}: ${answer.headers[name]}\r\n`;
  text += `${more}content-length: ${byteLength(answer.chunks)}\r\ndate: ${date}\r\n`;
  return keepAliveSeconds === 'close'
    ? `${text}connection: close\r\n\r\n`
    : `${text}connection: keep-alive\r\nkeep-alive: timeout=${keepAliveSeconds}\r\n\r\n`;
}

/** A model's own code may name the type: nothing in it may end the line. */
function fitForHeader(contentType: string): string {
  return contentType === JSON_TYPE ? contentType : contentType.replace(/[^\t -~]/g, '');
}

/** The body where it is small enough to be written with the head as one text; else `null`. */
export function bodyText({ chunks }: HttpAnswer): string | null {
  const [only] = chunks;
  if (chunks.length !== 1 || !(only instanceof Buffer) || only.byteLength > ONE_PIECE_BYTES) return null;
  return only.toString('latin1');
}

/** Dates as RFC 9110 §5.6.7 has them, each made once a second. */
export class HttpDate {
  #second = Number.NaN;
  #text = '';

  /** @param nowMs - milliseconds since 1970 */
  at(nowMs: number): string {
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(second * 1_000).toUTCString();
    }
    return this.#text;
  }
}
