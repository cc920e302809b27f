// Makes one element like another by the fewest changes, so that focus, selection and what is typed stay.

/** `next` is used up. Elements with an id are found again by it; a form's fields and what is marked data-keep stay. */
export function morph(now, next) {
  if (now.nodeType !== Node.ELEMENT_NODE) {
    if (now.nodeValue !== next.nodeValue) {
      now.nodeValue = next.nodeValue;
      mark(now.parentElement);
    }
    return;
  }
  if (now.isEqualNode(next) || now.matches('input, select, textarea, [data-keep]')) return;
  for (const { name } of [...now.attributes]) {
    if (!next.hasAttribute(name)) now.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  }
  if (now.hasAttribute('data-drawn')) return;
  let at = now.firstChild;
  for (const child of [...next.childNodes]) {
    const known = child.id ? childById(now, child.id) : undefined;
    if (known !== undefined && known !== at) now.insertBefore(known, at);
    const match = known ?? (at !== null && fits(at, child) ? at : undefined);
    if (match === undefined) {
      now.insertBefore(child, at);
      continue;
    }
    at = match.nextSibling;
    morph(match, child);
  }
  while (at !== null) {
    const rest = at.nextSibling;
    at.remove();
    at = rest;
  }
}

function fits(now, next) {
  return now.nodeType === next.nodeType && now.nodeName === next.nodeName && !now.id && !next.id;
}

function childById(parent, id) {
  return [...parent.children].find((child) => child.id === id);
}

/** A number that moved shows it for a moment. */
function mark(element) {
  if (element === null || element.tagName === 'TIME') return;
  element.classList.add('moved');
  element.addEventListener('animationend', () => element.classList.remove('moved'), { once: true });
}
