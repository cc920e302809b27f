// Logs in, and shows the pools' configuration. The password stays in this page and is gone with it.

const element = (id) => document.getElementById(id);

element('login-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const password = element('password').value;
  const problem = element('login-problem');
  problem.textContent = '';
  try {
    const reply = await fetch('/api/admin/pools', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ password }),
    });
    if (!reply.ok) {
      problem.dataset.state = 'bad';
      problem.textContent = textOf(reply.status);
      element('password').select();
      return;
    }
    show((await reply.json()).result ?? {});
  } catch {
    problem.dataset.state = 'bad';
    problem.textContent = 'The server does not answer.';
  }
});

element('logout').addEventListener('click', () => {
  element('admin-configs').replaceChildren();
  element('password').value = '';
  element('admin').hidden = true;
  element('login').hidden = false;
  element('password').focus();
});

function textOf(status) {
  if (status === 401) return 'The password is wrong.';
  return status === 429
    ? 'Too many tries: wait a quarter of an hour.'
    : `The server refused (${status}).`;
}

function show(pools) {
  const boxes = Object.entries(pools).map(([coin, config]) => {
    const box = document.createElement('details');
    box.className = 'card';
    const summary = document.createElement('summary');
    summary.textContent = coin;
    const text = document.createElement('pre');
    text.textContent = JSON.stringify(config, null, 2);
    box.append(summary, text);
    return box;
  });
  element('admin-configs').replaceChildren(...boxes);
  element('login').hidden = true;
  element('admin').hidden = false;
  element('admin-title').focus();
}
