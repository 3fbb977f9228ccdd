export const STYLE = `
:root { color-scheme: light dark; --line: #8884; --accent: #0b6e4f; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --accent: #5fd3ac; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1.5rem; }
header { border-bottom: 1px solid var(--line); margin-bottom: 1.5rem; padding-bottom: 1rem; }
h1 { margin: 0; font-size: 1.8rem; }
header p { margin: 0.2rem 0; }
a { color: var(--accent); margin-right: 1rem; }
section { border: 1px solid var(--line); border-radius: 0.6rem; margin-bottom: 1.25rem; padding: 1rem 1.25rem; }
h2 { margin: 0 0 0.4rem; font-size: 1.25rem; }
h2 small { font-weight: normal; opacity: 0.7; }
.state { border: 1px solid; border-radius: 1rem; font-size: 0.75rem; padding: 0.1rem 0.6rem; vertical-align: middle; }
.state.ready { color: var(--accent); }
.state.failed, .reason, output.bad { color: var(--bad); }
textarea { display: block; font: 0.85rem/1.4 ui-monospace, monospace; margin: 0.3rem 0 0.6rem; padding: 0.5rem; width: 100%; }
button { background: var(--accent); border: 0; border-radius: 0.4rem; color: Canvas; cursor: pointer; font: inherit; padding: 0.35rem 1.1rem; }
.file { font-size: 0.85rem; opacity: 0.8; }
output { display: block; font: 0.85rem/1.4 ui-monospace, monospace; margin-top: 0.6rem; max-height: 22rem; overflow: auto; white-space: pre-wrap; }
summary { cursor: pointer; margin-top: 0.6rem; }
table { border-collapse: collapse; font-size: 0.9rem; margin: 0.6rem 0; }
td, th { border-bottom: 1px solid var(--line); padding: 0.2rem 0.9rem 0.2rem 0; text-align: left; overflow-wrap: anywhere; }
dt { float: left; clear: left; opacity: 0.7; width: 6rem; }
dd { margin: 0 0 0.2rem 6.5rem; }
`;
