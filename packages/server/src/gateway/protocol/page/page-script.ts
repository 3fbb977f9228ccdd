/** What runs on the page: sends what is in the form, shows what came back and how long it took. */
export const SCRIPT = `
for (const form of document.querySelectorAll('form')) {
  const output = form.querySelector('output');
  const send = async (body, type) => {
    output.textContent = 'running …';
    const began = performance.now();
    try {
      const response = await fetch('predict/' + form.dataset.model, { method: 'POST', headers: { 'content-type': type }, body });
      const text = await response.text();
      const took = (performance.now() - began).toFixed(1);
      let shown = text;
      try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch {}
      output.textContent = response.status + ' in ' + took + ' ms\\n' + shown.slice(0, 20000);
      output.className = response.ok ? '' : 'bad';
    } catch (error) {
      output.textContent = String(error);
      output.className = 'bad';
    }
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    send(form.querySelector('textarea').value, 'application/json');
  });
  form.querySelector('input').addEventListener('change', (event) => {
    const [file] = event.target.files;
    if (file) send(file, file.type || 'application/octet-stream');
  });
}
`;
