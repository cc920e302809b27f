// Copy buttons: they appear with scripts only, and say when it is done.

for (const button of document.querySelectorAll('[data-copy]')) button.hidden = false;

document.addEventListener('click', async (event) => {
  const button = event.target.closest?.('[data-copy]');
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const done = await copy(source);
  const label = button.firstChild;
  label.nodeValue = done ? 'Copied' : 'Press Ctrl+C';
  document.getElementById('toast').textContent = done ? 'Copied to the clipboard' : '';
  setTimeout(() => {
    label.nodeValue = 'Copy';
    document.getElementById('toast').textContent = '';
  }, 2_000);
});

async function copy(source) {
  try {
    // Only https pages have a clipboard.
    await navigator.clipboard.writeText(source.textContent.trim());
    return true;
  } catch {
    getSelection().selectAllChildren(source);
    return document.execCommand('copy');
  }
}
