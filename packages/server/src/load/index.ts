export * from './closed-loop.js';
export * from './histogram.js';
export * from './http-request.js';
export * from './response-parser.js';
export * from './send-once.js';
export * from './send-until-answered.js';
