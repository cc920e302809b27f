// Puts together what the website serves and no source folder has as it is, into dist/website/:
//   key.html   one file that makes a mining key: page, style, our code and the secp256k1 of @noble/curves, linked
//   uPlot.js, uPlot.css   the charts' library (MIT), as its package ships it
// Runs after the TypeScript compiler. The argument is the folder that it compiled to, dist by default.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const compiled = join(root, process.argv[2] ?? 'dist', 'libs', 'website', 'pages', 'browser');
const source = join(root, 'website', 'key');
const target = join(root, 'dist', 'website');

mkdirSync(target, { recursive: true });
write('uPlot.js', read(join(root, 'node_modules', 'uplot', 'dist', 'uPlot.iife.min.js')));
write('uPlot.css', read(join(root, 'node_modules', 'uplot', 'dist', 'uPlot.min.css')));
write('key.html', keyPage());

function keyPage() {
  const script = `'use strict';\n${link(join(source, 'keyPage.js'))}`;
  const style = read(join(source, 'key.css'));
  // Inside a script element these would end it, or begin a comment.
  if (/<\/script|<!--/i.test(script)) throw new Error('The script of key.html has a tag in it.');
  // The file may do nothing but show itself: it stays so when it is saved and opened without a server.
  const csp = `default-src 'none'; script-src '${hashOf(script)}'; style-src '${hashOf(style)}'; img-src data:; base-uri 'none'; form-action 'none'`;
  const parts = { policy: csp, '/* style */': style, '/* script */': script };
  return read(join(source, 'key.html')).replace(
    /(?<=content=")policy(?=")|\/\* (?:style|script) \*\//g,
    (place) => parts[place],
  );
}

/** One script of an ES module and all that it imports: each module a function that returns its exports, in order. */
function link(entry) {
  const names = new Map();
  const functions = [];
  add(entry);
  return functions.join('\n');

  function add(file) {
    const known = names.get(file);
    if (known !== undefined) return known;
    const name = `module${names.size}`;
    names.set(file, name);
    const exported = new Map();
    const lines = [];
    const body = withoutComments(read(file)).replace(
      /^(import|export) (?:(\*) as (\w+)|\{([^}]*)\})(?: from ['"]([^'"]+)['"])?;$/gm,
      (_, kind, star, whole, list = '', specifier) => {
        const pairs = list.split(',').flatMap((part) => pairOf(part.trim()));
        if (specifier === undefined) {
          for (const [local, outer] of pairs) exported.set(outer, local);
          return '';
        }
        const from = add(resolve(specifier, file));
        if (kind === 'export') {
          for (const [inner, outer] of pairs) exported.set(outer, `${from}.${inner}`);
          return '';
        }
        if (star === '*') return `const ${whole} = ${from};`;
        return `const { ${pairs.map((pair) => pair.join(': ')).join(', ')} } = ${from};`;
      },
    );
    for (const line of body.split('\n')) {
      const match = /^export ((?:async )?(?:function\*?|const|class) (\w+))/.exec(line);
      if (match !== null) exported.set(match[2], match[2]);
      else if (/^(import|export)\b/.test(line)) throw new Error(`${file}: cannot link "${line}"`);
      lines.push(match === null ? line : line.slice('export '.length));
    }
    const returned = [...exported].map(([outer, local]) => `${outer}: ${local}`).join(', ');
    functions.push(`const ${name} = (() => {\n${lines.join('\n')}\nreturn { ${returned} };\n})();`);
    return name;
  }
}

/** `a as b` -> [[a, b]] */
function pairOf(part) {
  if (part === '') return [];
  const [inner, outer = inner] = part.split(/ as /);
  return [[inner, outer]];
}

function resolve(specifier, from) {
  if (specifier.startsWith('#browser/')) return join(compiled, specifier.slice('#browser/'.length));
  if (specifier.startsWith('.')) return join(dirname(from), specifier);
  return fileURLToPath(import.meta.resolve(specifier, pathToFileURL(from)));
}

/** Without comments that have lines of their own, and without empty lines: half of the libraries' text. */
function withoutComments(text) {
  return text
    .replace(/^[ \t]*\/\*(?:(?!\*\/)[\s\S])*\*\/[ \t]*$/gm, '')
    .replace(/^[ \t]*\/\/.*$/gm, '')
    .replace(/\n\s*\n/g, '\n');
}

function hashOf(text) {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

function read(path) {
  return readFileSync(path, 'utf8');
}

function write(name, text) {
  writeFileSync(join(target, name), text);
}
