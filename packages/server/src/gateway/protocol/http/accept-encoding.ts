export type Encoding = 'identity' | 'gzip' | 'deflate';

const OURS: readonly Encoding[] = ['gzip', 'deflate', 'identity'];

/**
 * The encoding an `Accept-Encoding` header likes best among gzip, deflate and identity (RFC 9110 §12.5.3).
 * No header, or nothing acceptable, means identity: an answer is better than none.
 */
export function chooseEncoding(header: string | undefined): Encoding {
  if (header === undefined || header === '') return 'identity';
  const weights = weightsOf(header);
  const others = weights.get('*');
  let best: Encoding = 'identity';
  let bestWeight = 0;
  for (const encoding of OURS) {
    const weight = weights.get(encoding) ?? others ?? (encoding === 'identity' ? 0.0001 : 0);
    if (weight > bestWeight) {
      best = encoding;
      bestWeight = weight;
    }
  }
  return best;
}

function weightsOf(header: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const part of header.split(',')) {
    const [name = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    const weight = quality === undefined ? 1 : Number(quality);
    if (name !== '') weights.set(name, Number.isFinite(weight) ? weight : 0);
  }
  return weights;
}
