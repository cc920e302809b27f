import { checkAddress } from './addressCheck.js';

// One coin at a time, and commands that fill themselves while the address is typed and checked.

const sections = [...document.querySelectorAll('.coin-section')];
const links = [...document.querySelectorAll('#coins a')];

for (const slot of document.querySelectorAll('[data-slot="host"]')) {
  if (slot.textContent === 'POOL_HOST') slot.textContent = location.hostname;
}
for (const section of sections) {
  section.querySelector('.who').hidden = false;
  const [address, rig, port] = ['.address-field', '.rig-field', '.port'].map((part) =>
    section.querySelector(part),
  );
  const empty = section.querySelector('[data-slot="user"]')?.textContent ?? '';
  const update = () => {
    showPort(section, port.value);
    fill(section, address, rig, empty);
  };
  for (const field of [address, rig, port]) field.addEventListener('input', update);
  update();
}
addEventListener('hashchange', choose);
choose();

function choose() {
  const wanted = decode(location.hash.slice(1));
  const chosen = sections.find(({ id }) => id === wanted) ?? sections[0];
  for (const section of sections) section.hidden = section !== chosen;
  for (const link of links) {
    if (decode(link.hash.slice(1)) === chosen?.id) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
}

function showPort(section, port) {
  for (const programs of section.querySelectorAll('.programs')) {
    programs.hidden = programs.dataset.port !== port;
  }
}

function fill(section, address, rig, empty) {
  const name = address.value.trim();
  const problem = name === '' ? undefined : problemOf(address, name);
  address.setAttribute('aria-invalid', String(problem !== undefined));
  const hint = section.querySelector('.hint');
  hint.dataset.state = problem === undefined ? 'good' : 'bad';
  hint.textContent =
    name === '' ? '' : problem === undefined ? goodWords[address.dataset.kind] : problem;
  const machine = rig.value.trim().replace(/[^0-9A-Za-z-]/g, '');
  const first = name === '' ? empty.replace(/\.rig1$/, '') : name;
  const user = machine === '' ? first : `${first}.${machine}`;
  for (const slot of section.querySelectorAll('[data-slot="user"]')) slot.textContent = user;
}

const goodWords = {
  address: 'This address is right.',
  key: 'This is a mining key.',
  name: '',
};

function problemOf({ dataset }, name) {
  if (dataset.kind === 'key') {
    return /^[0-9a-fA-F]{40}$/.test(name) ? undefined : 'A mining key has 40 hex digits.';
  }
  if (dataset.kind === 'name') {
    return /^[0-9A-Za-z]+$/.test(name) ? undefined : 'Use letters and digits only.';
  }
  if (/[._]/.test(name)) return 'Put the name of the machine into its own field.';
  if (dataset.forms === undefined) {
    return /^[0-9A-Za-z]{20,100}$/.test(name) ? undefined : 'This is no address.';
  }
  const answer = checkAddress(name, JSON.parse(dataset.forms));
  return answer.ok ? undefined : `This address is not right: ${answer.reason}.`;
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
