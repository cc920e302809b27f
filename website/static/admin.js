// Asks once more before what cannot be taken back. Everything else of the admin centre works without scripts.

document.addEventListener('submit', (event) => {
  const question = event.target.dataset.confirm;
  if (question !== undefined && !window.confirm(question)) event.preventDefault();
});
