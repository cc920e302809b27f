// Light or dark, before anything is drawn: what was chosen here, else what the system says.
(() => {
  const root = document.documentElement;
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const chosen = () => {
    try {
      return localStorage.getItem('theme');
    } catch {
      return null; // Storage is forbidden: the system decides.
    }
  };
  const isDark = () => (root.dataset.theme ?? (dark.matches ? 'dark' : 'light')) === 'dark';
  const first = chosen();
  if (first === 'light' || first === 'dark') root.dataset.theme = first;

  addEventListener('DOMContentLoaded', () => {
    const button = document.getElementById('theme');
    const show = () => {
      button.setAttribute('aria-pressed', String(isDark()));
      dispatchEvent(new Event('themechange'));
    };
    button.hidden = false;
    button.addEventListener('click', () => {
      root.dataset.theme = isDark() ? 'light' : 'dark';
      try {
        localStorage.setItem('theme', root.dataset.theme);
      } catch {
        // It lasts until the page is left.
      }
      show();
    });
    dark.addEventListener('change', show);
    show();
  });
})();
