/*
 * What any server in Node must do at least: node:http, the same JSON parsed, an answer of the same shape written. It
 * prints its port, and ends with its standard input.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

interface InferRequest {
  readonly inputs: readonly { readonly data: readonly number[] }[];
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { inputs } = JSON.parse(Buffer.concat(chunks).toString()) as InferRequest;
    const [first, second] = inputs[0]!.data;
    const outputs = [{ name: 'y', datatype: 'FP32', shape: [1, 2], data: [first, second] }];
    const body = Buffer.from(JSON.stringify({ model_name: 'mlp', model_version: '1', outputs }));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  });
});

server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.stdin.on('end', () => process.exit()).resume();
