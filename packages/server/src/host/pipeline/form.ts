import { JitneyError } from '@jitney/core';

/** One part of a `multipart/form-data` body. */
export interface FormPart {
  readonly name: string;
  /** The client says that it is a file. */
  readonly isFile: boolean;
  /** Lower case, without parameters; empty where the part does not say. */
  readonly contentType: string;
  /** A view of the body. */
  readonly bytes: Buffer;
}

const CRLF = '\r\n';
/** Far above what browsers and libraries write before a part. */
const MAX_HEAD_BYTES = 8 * 1024;
const MAX_PARTS = 16_384;

/**
 * Reads a `multipart/form-data` body that is there as a whole. Source: RFC 7578 and, for the boundaries, RFC 2046 §5.1.
 * @throws JitneyError `INVALID_ARGUMENT` that names the part and what it lacks.
 */
export function readForm(contentType: string, bytes: Uint8Array): FormPart[] {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const delimiter = `--${boundaryOf(contentType)}`;
  const parts: FormPart[] = [];
  let at = firstPart(body, delimiter);
  while (!isEnd(body, at)) {
    const next = body.indexOf(CRLF + delimiter, at);
    if (next < 0) throw invalid(`the form ends in the middle of its part ${parts.length}: no boundary follows it`);
    if (parts.length === MAX_PARTS) throw new JitneyError('TOO_LARGE', `the form has more than ${MAX_PARTS} parts`);
    parts.push(readPart(body, at, next, parts.length));
    at = next + CRLF.length + delimiter.length;
  }
  return parts;
}

function boundaryOf(contentType: string): string {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary !== undefined) return boundary;
  throw invalid("the content type multipart/form-data lacks its boundary; leave the header to the client's library");
}

/** Behind the first delimiter. What comes before it is for readers of mail. */
function firstPart(body: Buffer, delimiter: string): number {
  if (body.indexOf(delimiter) === 0) return delimiter.length;
  const at = body.indexOf(CRLF + delimiter);
  if (at < 0) throw invalid('the form has no part: the boundary of its content type does not occur in it');
  return at + CRLF.length + delimiter.length;
}

/** Two hyphens behind the last delimiter. */
function isEnd(body: Buffer, at: number): boolean {
  return body[at] === 0x2d && body[at + 1] === 0x2d;
}

/** The part whose head begins behind a delimiter at `at` and whose bytes end at `end`. */
function readPart(body: Buffer, at: number, end: number, index: number): FormPart {
  const headEnd = body.indexOf(CRLF + CRLF, at);
  if (headEnd < 0 || headEnd > end) throw invalid(`part ${index} of the form has no empty line behind its head`);
  if (headEnd - at > MAX_HEAD_BYTES)
    throw invalid(`part ${index} of the form has a head above ${MAX_HEAD_BYTES} bytes`);
  const head = body.toString('utf8', at, headEnd);
  const disposition = headerOf(head, 'content-disposition');
  const name = parameterOf(disposition, 'name');
  if (name === null) throw invalid(`part ${index} of the form has no name in its Content-Disposition`);
  return {
    name,
    isFile: parameterOf(disposition, 'filename') !== null || /;\s*filename\*=/i.test(disposition),
    contentType: headerOf(head, 'content-type').split(';', 1)[0]?.trim().toLowerCase() ?? '',
    bytes: body.subarray(headEnd + 2 * CRLF.length, Math.max(end, headEnd + 2 * CRLF.length)),
  };
}

function headerOf(head: string, name: string): string {
  const line = head.split(CRLF).find((text) => text.toLowerCase().startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim() ?? '';
}

/** Browsers write a quote in a name as `%22`, older libraries as `\"`. */
function parameterOf(header: string, name: string): string | null {
  const [, quoted, plain] = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;"]+))`, 'i').exec(header) ?? [];
  return quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? null;
}

function invalid(message: string): JitneyError {
  return new JitneyError('INVALID_ARGUMENT', message);
}
