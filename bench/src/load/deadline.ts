const HEAD_END = '\r\n\r\n';
const JSON_LENGTH = 'inference-header-content-length';

/**
 * A request of the Open Inference Protocol with a deadline: its parameter `timeout`, in µs.
 * @param request The bytes of HTTP, as `tensor-request.ts` writes them.
 */
export function withDeadline(request: Uint8Array, timeoutMs: number): Buffer {
  const bytes = Buffer.from(request);
  const bodyAt = bytes.indexOf(HEAD_END) + HEAD_END.length;
  const [first, ...lines] = bytes.toString('latin1', 0, bodyAt - HEAD_END.length).split('\r\n');
  const headers = new Map(lines.map((line) => line.split(': ', 2) as [string, string]));
  const find = (name: string) => [...headers.keys()].find((each) => each.toLowerCase() === name);
  const jsonLengthName = find(JSON_LENGTH);
  const jsonEnd = jsonLengthName === undefined ? bytes.length : bodyAt + Number(headers.get(jsonLengthName));
  const document = JSON.parse(bytes.toString('utf8', bodyAt, jsonEnd)) as { parameters?: object };
  const parameters = { ...document.parameters, timeout: Math.round(timeoutMs * 1_000) };
  const json = Buffer.from(JSON.stringify({ ...document, parameters }));
  const body = Buffer.concat([json, bytes.subarray(jsonEnd)]);
  if (jsonLengthName !== undefined) headers.set(jsonLengthName, String(json.length));
  headers.set(find('content-length')!, String(body.length));
  const head = [first, ...[...headers].map(([name, value]) => `${name}: ${value}`)].join('\r\n');
  return Buffer.concat([Buffer.from(`${head}${HEAD_END}`, 'latin1'), body]);
}
