import { readBase58Check } from '#browser/addressCheck.js';
import { addressOf, newMiningKey, privateKeyVersion, selfTest, wifOf } from '#browser/miningKey.js';

// What key.html does: makes a key and shows it. Everything it needs is in the one file.

const element = (id) => document.getElementById(id);
const state = element('state');
let key;

const problems = selfTest();
if (problems.length > 0) {
  say(`This browser calculates wrongly; use another one. ${problems.join('; ')}`);
} else if (globalThis.crypto?.getRandomValues === undefined) {
  say('This browser has no safe source of random numbers; use another one.');
} else {
  element('actions').hidden = false;
}

element('make').addEventListener('click', () => {
  key = newMiningKey((bytes) => crypto.getRandomValues(bytes));
  element('miningKey').textContent = key.miningKey;
  element('login').textContent = `${key.miningKey}.rig1`;
  const coins = JSON.parse(element('versions').textContent);
  element('coins').replaceChildren(
    ...coins.map(({ name, symbol, ...versions }) => card(`${name} (${symbol})`, versions)),
  );
  showOther();
  element('result').hidden = false;
  element('make').textContent = 'Make another key';
  say('A new key was made. It is nowhere but on this page.');
});

element('print').addEventListener('click', () => print());
element('other').addEventListener('input', showOther);

document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (button === null) return;
  const text = element(button.dataset.copy).textContent;
  try {
    await navigator.clipboard.writeText(text);
    say('Copied.');
  } catch {
    getSelection().selectAllChildren(element(button.dataset.copy));
    say('Selected: copy it with Ctrl+C.');
  }
});

function showOther() {
  const address = element('other').value.trim();
  const place = element('otherCoin');
  if (address === '' || key === undefined) return place.replaceChildren();
  const read = readBase58Check(address);
  if (read === undefined) {
    place.textContent = 'This is no address in base58 with a right checksum.';
    return;
  }
  const privateKey = privateKeyVersion('', read.version);
  place.replaceChildren(
    card(`Coin with version ${read.version}`, { pubKeyHash: read.version, privateKey }),
  );
}

function card(title, versions) {
  const list = make('dl');
  for (const [term, text] of [
    ['Address', addressOf(key, versions)],
    ['Private key (WIF)', wifOf(key, versions)],
  ]) {
    const code = make('code', text);
    const value = make('dd');
    value.append(code);
    list.append(make('dt', term), value);
  }
  const box = make('div');
  box.className = 'coin';
  box.append(make('h3', title), list);
  return box;
}

function make(tag, text = '') {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function say(text) {
  state.textContent = text;
}
