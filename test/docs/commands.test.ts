import { describe, expect, it } from 'vitest';
import { readPage } from './commands.js';

const PAGE = `# Title

<!-- serve examples/models --log-level warn -->

\`\`\`sh
npm start
\`\`\`

<!-- run -->
\`\`\`sh
curl -s http://127.0.0.1:8000/v2 # what is it?
\`\`\`

answers

\`\`\`json
{ "name": "jitney" }
\`\`\`

<!-- run -->

\`\`\`sh
true
\`\`\`
<!-- run -->
\`\`\`sh
echo one
echo two
\`\`\`
\`\`\`text
one
two
\`\`\`
`;

describe('a page', () => {
  it('has its marked commands, each with the answer that follows it', () => {
    expect(readPage(PAGE)).toEqual({
      serve: ['examples/models', '--log-level', 'warn'],
      commands: [
        {
          line: 11,
          script: 'curl -s http://127.0.0.1:8000/v2 # what is it?',
          expected: { kind: 'json', value: { name: 'jitney' } },
        },
        { line: 23, script: 'true', expected: { kind: 'nothing-said' } },
        { line: 27, script: 'echo one\necho two', expected: { kind: 'text', text: 'one\ntwo' } },
      ],
    });
  });

  it('needs no server and has no command where nothing is marked', () => {
    expect(readPage('```sh\nrm -rf /\n```\n')).toEqual({ serve: null, commands: [] });
  });
});

describe('a marker that would have no effect', () => {
  it.each([
    ['text after it', '<!-- run -->\nSo:\n```sh\ntrue\n```', 'line 2'],
    ['nothing after it', '<!-- run -->\n', 'no block'],
    ['a block of another language', '<!-- run -->\n```ts\n1;\n```', 'only sh'],
    ['an answer that is not JSON', '<!-- run -->\n```sh\ntrue\n```\n```json\n{…}\n```', 'line 6'],
    ['a block without an end', '<!-- run -->\n```sh\ntrue\n', 'no end'],
  ])('is an error: %s', (_, page, message) => {
    expect(() => readPage(page)).toThrow(message);
  });
});
